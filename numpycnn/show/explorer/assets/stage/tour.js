"use strict";
// The tour (to come).
function startTour() {}
function renderTour() {
  document.getElementById("tour").replaceChildren(make("p", { className: "told" }, ...explained(STORIES[view.story].text)));
}
