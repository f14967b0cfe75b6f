// Where one has to wait, the page counts the seconds, and says when they are over. Without this it says the time of day.
const least = 120; // seconds from which on they are counted: before that it is minutes
for (const place of document.querySelectorAll<HTMLElement>("[data-wait]")) {
  const left = place.querySelector<HTMLElement>("[data-left]");
  const end = performance.timeOrigin + performance.now() + 1000 * Number(place.dataset.wait);
  const timer = setInterval(() => {
    const seconds = Math.ceil((end - performance.timeOrigin - performance.now()) / 1000);
    if (seconds > 0) {
      if (left && seconds < least) left.textContent = seconds + " s";
      return;
    }
    clearInterval(timer);
    place.setAttribute("role", "status");
    place.textContent = "It is possible again now.";
  }, 1000);
}
