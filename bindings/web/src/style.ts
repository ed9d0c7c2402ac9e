/** The look of the dialog. Colours are custom properties: `--espprov-accent`, `-on-accent`, `-text`, `-muted`, `-ground`, `-raised`, `-line`, `-bad`, `-good`. */
export const style = `
:host, :root { color-scheme: light dark; }
.espprov {
  --accent: var(--espprov-accent, light-dark(#0b5fae, #7cc0ff));
  --on-accent: var(--espprov-on-accent, light-dark(#fff, #06243f));
  --text: var(--espprov-text, light-dark(#1b1f24, #e8eaed));
  --muted: var(--espprov-muted, light-dark(#565d66, #a9b1bb));
  --ground: var(--espprov-ground, light-dark(#fff, #17191d));
  --raised: var(--espprov-raised, light-dark(#f2f4f7, #23262c));
  --line: var(--espprov-line, light-dark(#767d86, #8b939d));
  --bad: var(--espprov-bad, light-dark(#a61b1b, #ff9d94));
  --good: var(--espprov-good, light-dark(#176b2c, #7fd99a));
  box-sizing: border-box; width: 100%; max-width: 30rem; min-height: 12rem; margin: 0 auto; padding: 1rem;
  color: var(--text); background: var(--ground); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
.espprov *, .espprov *::before { box-sizing: border-box; }
.espprov h1, .espprov h2 { margin: 0 0 .75rem; font-size: 1.35rem; line-height: 1.25; }
.espprov h2 { font-size: 1.05rem; }
.espprov h1:focus { outline: none; }
.espprov p { margin: 0 0 .75rem; }
.espprov .muted { color: var(--muted); }
.espprov .bad { color: var(--bad); }
.espprov .good { color: var(--good); }
.espprov form, .espprov .stack { display: grid; gap: .75rem; }
.espprov label { display: block; font-weight: 600; }
.espprov label.choice { display: flex; gap: .5rem; align-items: center; font-weight: 400; min-height: 1.75rem; }
.espprov input:not([type=checkbox]), .espprov textarea {
  width: 100%; padding: .6rem .7rem; border: 1px solid var(--line); border-radius: .5rem; color: inherit; background: var(--ground); font: inherit;
}
.espprov input[type=checkbox] { flex: none; width: 1.2rem; height: 1.2rem; accent-color: var(--accent); }
.espprov textarea { min-height: 4.5rem; resize: vertical; }
.espprov button {
  width: 100%; min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--line); border-radius: .5rem;
  color: inherit; background: var(--raised); font: inherit; cursor: pointer; text-align: start;
}
.espprov button.main { border-color: transparent; color: var(--on-accent); background: var(--accent); font-weight: 600; text-align: center; }
.espprov :is(button, input, textarea, summary):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.espprov button small { display: block; color: var(--muted); }
.espprov ul, .espprov ol { list-style: none; margin: 0; padding: 0; display: grid; gap: .5rem; }
.espprov .network { display: flex; align-items: center; gap: .75rem; }
.espprov .network span:first-child { flex: 1; }
.espprov .lock { position: relative; width: .75rem; height: .6rem; margin-top: .3rem; border-radius: 2px; background: var(--muted); }
.espprov .lock::before {
  content: ""; position: absolute; left: 2px; right: 2px; bottom: 100%; height: .4rem; border: 2px solid var(--muted); border-bottom: 0;
  border-radius: .4rem .4rem 0 0;
}
.espprov .bars { display: inline-flex; gap: 2px; align-items: end; height: 1rem; }
.espprov .bars i { width: 4px; background: var(--line); opacity: .35; }
.espprov .bars i.on { background: var(--accent); opacity: 1; }
.espprov .bars i:nth-child(1) { height: 25%; }
.espprov .bars i:nth-child(2) { height: 50%; }
.espprov .bars i:nth-child(3) { height: 75%; }
.espprov .bars i:nth-child(4) { height: 100%; }
.espprov li.step::before { content: "\\25CB"; display: inline-block; width: 1.5rem; color: var(--muted); }
.espprov li.step.now::before { content: "\\2026"; color: var(--accent); }
.espprov li.step.done::before { content: "\\2713"; color: var(--good); }
.espprov video { width: 100%; border-radius: .5rem; background: #000; }
.espprov .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.espprov details summary { cursor: pointer; padding: .35rem 0; }
`;
