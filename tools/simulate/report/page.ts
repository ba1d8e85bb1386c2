import { escape } from './chart.ts';

/** One file with everything in it. Colours by the reader's preference, dark or light. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

const style = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f8fa, #0b1219);
  --surface: light-dark(#fff, #121c26);
  --border: light-dark(#d5dde5, #2a3947);
  --text: light-dark(#16202a, #e9f0f6);
  --muted: light-dark(#52616f, #a3b4c4);
  --demand: light-dark(#7fb8d8, #2f6d92);
  --ours: light-dark(#00796b, #4fd6c4);
  --bound: light-dark(#52616f, #a3b4c4);
  --tracking: light-dark(#b35900, #ffb35c);
  --fixed: light-dark(#8e3b9e, #d79be6);
  --room: light-dark(#1d5fb8, #7db4ff);
  --go: light-dark(#b35900, #ffb35c);
  --good: light-dark(#1d5fb8, #7db4ff);
  --bad: light-dark(#c21f38, #ff8f8f);
  --band: light-dark(#00796b1f, #4fd6c426);
  --image-0: light-dark(#00796b, #35a798);
  --image-1: light-dark(#5b8fd1, #4c7fc4);
  --image-2: light-dark(#d18f2f, #c08a3a);
  --image-3: light-dark(#a463b0, #9a62a8);
}
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; text-wrap: balance; }
h2 { font-size: 18px; margin: 0 0 2px; }
p { margin: 0 0 8px; color: var(--muted); max-width: 88ch; }
section { background: var(--surface); border: 1px solid var(--border); border-radius: 12px; padding: 18px 20px; margin-top: 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(240px, 44%), 1fr)); gap: 12px; margin-top: 20px; }
.tile { background: var(--surface); border: 1px solid var(--border); border-radius: 12px; padding: 12px 16px; }
.tile b { display: block; font-size: 26px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { color: var(--muted); font-size: 14px; }
.tile.wrong b { color: var(--bad); }
svg { display: block; width: 100%; min-width: 640px; height: auto; }
.grid { stroke: var(--border); stroke-width: 1; }
.tick { fill: var(--muted); font-size: 13px; font-variant-numeric: tabular-nums; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.area { opacity: 0.75; }
.band { fill: var(--band); }
.edge { stroke: var(--ours); stroke-dasharray: 1 5; }
.mark { stroke-width: 1.5; stroke-dasharray: 2 3; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 0 0 6px; font-size: 14px; }
.legend li { display: flex; align-items: center; gap: 7px; }
.swatch { width: 20px; height: 0; border-top: 3px solid var(--c); }
.area-swatch { height: 11px; border: 0; background: var(--c); opacity: 0.75; border-radius: 2px; }
.dash-swatch { border-top-style: dashed; }
.band-swatch { height: 11px; border: 0; background: var(--band); border-radius: 2px; }
table { width: 100%; border-collapse: collapse; font-size: 15px; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 7px 10px; border-bottom: 1px solid var(--border); vertical-align: top; }
th { color: var(--muted); font-weight: 500; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td small { display: block; color: var(--muted); max-width: 46ch; font-size: 13px; line-height: 1.4; }
tr:last-child td { border-bottom: 0; }
.scroll { overflow-x: auto; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 5px 12px; align-items: center; font-size: 14px; }
.bars i { height: 12px; background: var(--ours); border-radius: 3px; min-width: 2px; }
.bars span { color: var(--muted); font-variant-numeric: tabular-nums; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 18px; }
.two section { min-width: 0; }
.found { margin: 0; padding-left: 20px; font-size: 14px; }
`;
