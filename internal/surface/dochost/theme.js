// ExDoc forgets the theme of ?theme= at the next link. Here it lasts, until the reader chooses another.
(function () {
  try {
    var theme = new URLSearchParams(location.search).get("theme");
    var settings = JSON.parse(localStorage.getItem("ex_doc:settings") || "{}");
    if ((theme === "dark" || theme === "light") && (!settings.theme || settings.theme === localStorage.getItem("hexhub:theme"))) {
      settings.theme = theme;
      localStorage.setItem("ex_doc:settings", JSON.stringify(settings));
      localStorage.setItem("hexhub:theme", theme);
    }
  } catch (refused) { /* the theme is a comfort */ }
})();
