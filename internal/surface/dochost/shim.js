// Pages in a sandbox have no origin, and browsers refuse them any storage. ExDoc asks for it without looking whether
// it may, and stops; so they get some that lasts as long as the page.
(function () {
  function Memory() {
    var all = new Map();
    this.getItem = function (key) { return all.has(String(key)) ? all.get(String(key)) : null; };
    this.setItem = function (key, value) { all.set(String(key), String(value)); };
    this.removeItem = function (key) { all.delete(String(key)); };
    this.clear = function () { all.clear(); };
    this.key = function (n) { return Array.from(all.keys())[n] || null; };
    Object.defineProperty(this, "length", { get: function () { return all.size; } });
  }
  ["localStorage", "sessionStorage"].forEach(function (name) {
    try {
      window[name].getItem("");
    } catch (refused) {
      try {
        Object.defineProperty(window, name, { value: new Memory(), configurable: true });
      } catch (impossible) { /* then the page does as well as it can */ }
    }
  });
})();
