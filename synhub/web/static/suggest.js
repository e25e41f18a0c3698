// Suggests names of parts while the search field is typed in. Without it the field is a plain one.
"use strict";

const PAUSE_MS = 150, SHORTEST = 2, LONGEST = 100;
const field = document.querySelector("input[list=names]");
const names = document.getElementById("names");
let timer = 0, asked = "";

async function suggest() {
  const text = field.value.trim();
  const isChosen = [...names.options].some((option) => option.value === field.value);
  if (isChosen || text === asked || text.length < SHORTEST || text.length > LONGEST) return;
  asked = text;
  const answer = await fetch(`/autocomplete/${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
  if (!answer.ok || text !== asked) return;
  const found = new Set((await answer.json()).map((row) => row.name));
  names.replaceChildren(...[...found].map((name) => new Option(name, name)));
}

if (field && names) {
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => suggest().catch(() => {}), PAUSE_MS);
  });
}
