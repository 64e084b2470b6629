"use strict";
// Beside each command a button that copies it. Without scripts there is none.
for (const code of document.querySelectorAll(".command code")) {
  const button = document.createElement("button");
  const say = (text) => {
    button.textContent = text;
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };
  const select = () => {
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  };
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      say("Copied");
    } catch {
      say(select() ? "Copied" : "Selected: press Ctrl+C");
    }
  });
  const command = code.closest(".command");
  command.classList.add("copies");
  command.append(button);
}

// Beside the text there is room for the contents, above it they wait to be opened.
const contents = document.querySelector(".contents details");
if (contents) { contents.open = matchMedia("(min-width: 80rem)").matches; }

// A link into what is folded unfolds it, and paper has all of it.
const closed = () => document.querySelectorAll("details:not([open])");
const unfold = () => {
  let id = "";
  try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
  const target = document.getElementById(id);
  const folded = target?.closest("details:not([open])");
  if (folded) { folded.open = true; target.scrollIntoView(); }
};
addEventListener("hashchange", unfold);
unfold();
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...closed()];
  opened.forEach((d) => { d.open = true; });
});
addEventListener("afterprint", () => { opened.forEach((d) => { d.open = false; }); });
