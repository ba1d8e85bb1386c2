/** Curves as inline SVG: no library, nothing fetched. Colours are CSS variables of page.ts. */
export interface Line {
  readonly name: string;
  /** A CSS variable's name without `--`. */
  readonly colour: string;
  readonly values: ArrayLike<number>;
  /** Filled down to zero, or to `floor`. */
  readonly isArea?: boolean;
  readonly floor?: ArrayLike<number>;
  readonly isDashed?: boolean;
}

export interface Mark {
  /** 0–1 of the width. */
  readonly at: number;
  readonly text: string;
  readonly colour: string;
}

/** Of the time axis. */
export interface Tick {
  /** 0–1 of the width. */
  readonly at: number;
  readonly text: string;
  readonly isLine: boolean;
}

export interface ChartOptions {
  readonly title: string;
  readonly explains: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  readonly ticks: readonly Tick[];
  readonly most?: number;
  readonly band?: { readonly from: number; readonly to: number; readonly name: string };
  readonly marks?: readonly Mark[];
  readonly format?: (value: number) => string;
}

const width = 1120;
const height = 250;
const left = 52;
const right = 12;
const top = 10;
const bottom = 26;
const plotWidth = width - left - right;
const plotHeight = height - top - bottom;

export const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** 1, 2 or 5 times a power of ten, so that four to seven lines fit. */
function stepFor(most: number): number {
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

const at = (values: ArrayLike<number>, index: number): number => values[index] ?? 0;

function highest(lines: readonly Line[]): number {
  let most = 0;
  for (const { values } of lines) {
    for (let index = 0; index < values.length; index++) most = Math.max(most, at(values, index));
  }
  return most;
}

function pathOf(values: ArrayLike<number>, y: (value: number) => number): string {
  const points: string[] = [];
  for (let index = 0; index < values.length; index++) {
    const x = left + (index / Math.max(1, values.length - 1)) * plotWidth;
    points.push(`${x.toFixed(1)} ${y(at(values, index)).toFixed(1)}`);
  }
  return `M${points.join('L')}`;
}

function areaOf(line: Line, y: (value: number) => number): string {
  const upper = pathOf(line.values, y);
  if (line.floor === undefined) {
    return `${upper}L${left + plotWidth} ${y(0).toFixed(1)}L${left} ${y(0).toFixed(1)}Z`;
  }
  const lower = Array.from({ length: line.floor.length }, (_, index) => {
    const back = line.floor === undefined ? 0 : line.floor.length - 1 - index;
    const x = left + (back / Math.max(1, line.values.length - 1)) * plotWidth;
    return `${x.toFixed(1)} ${y(at(line.floor ?? [], back)).toFixed(1)}`;
  });
  return `${upper}L${lower.join('L')}Z`;
}

export function drawChart(options: ChartOptions): string {
  const { lines, format = (value: number): string => String(Math.round(value)) } = options;
  const most = options.most ?? Math.max(1, highest(lines) * 1.04);
  const y = (value: number): number => top + plotHeight * (1 - Math.min(value, most) / most);
  const step = stepFor(most);
  const parts: string[] = [];
  if (options.band !== undefined) {
    const { from, to } = options.band;
    parts.push(
      `<rect class="band" x="${left}" y="${y(to).toFixed(1)}" width="${plotWidth}" height="${(y(from) - y(to)).toFixed(1)}"/>`,
    );
  }
  for (let value = 0; value <= most; value += step) {
    const level = y(value).toFixed(1);
    parts.push(
      `<line class="grid" x1="${left}" x2="${left + plotWidth}" y1="${level}" y2="${level}"/>`,
      `<text class="tick" x="${left - 8}" y="${level}" dy="0.32em" text-anchor="end">${format(value)}</text>`,
    );
  }
  for (const tick of options.ticks) {
    const x = (left + tick.at * plotWidth).toFixed(1);
    if (tick.isLine) {
      parts.push(`<line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${top + plotHeight}"/>`);
    }
    if (tick.text !== '') {
      parts.push(
        `<text class="tick" x="${x}" y="${height - 8}" text-anchor="middle">${escape(tick.text)}</text>`,
      );
    }
  }
  for (const line of lines) {
    const colour = `var(--${line.colour})`;
    if (line.isArea === true) {
      parts.push(`<path class="area" d="${areaOf(line, y)}" fill="${colour}"/>`);
    } else {
      const dash = line.isDashed === true ? ' stroke-dasharray="6 5"' : '';
      parts.push(`<path class="line" d="${pathOf(line.values, y)}" stroke="${colour}"${dash}/>`);
    }
  }
  if (options.band !== undefined) {
    for (const edge of [options.band.from, options.band.to]) {
      const level = y(edge).toFixed(1);
      parts.push(`<line class="edge" x1="${left}" x2="${left + plotWidth}" y1="${level}" y2="${level}"/>`);
    }
  }
  for (const mark of options.marks ?? []) {
    const x = (left + mark.at * plotWidth).toFixed(1);
    parts.push(
      `<line class="mark" x1="${x}" x2="${x}" y1="${top}" y2="${top + plotHeight}" stroke="var(--${mark.colour})"><title>${escape(mark.text)}</title></line>`,
    );
  }
  const band =
    options.band === undefined
      ? ''
      : `<li><i class="swatch band-swatch"></i>${escape(options.band.name)}</li>`;
  return `<section>
<h2>${escape(options.title)}</h2>
<p>${escape(options.explains)}</p>
<ul class="legend">${lines.map(legendOf).join('')}${band}</ul>
<div class="scroll"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(options.title)}, ${escape(options.unit)}">
${parts.join('\n')}
</svg></div>
</section>`;
}

const legendOf = ({ name, colour, isArea, isDashed }: Line): string => {
  const kind = isArea === true ? 'area-swatch' : isDashed === true ? 'dash-swatch' : 'line-swatch';
  return `<li><i class="swatch ${kind}" style="--c:var(--${colour})"></i>${escape(name)}</li>`;
};
