import { hang, pad, widthOf, type Paint, type Style } from './text.ts';

export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Cell;
  readonly align?: 'right';
  /** Where the row is wider than the terminal, columns go to a line below it: the lowest first. */
  readonly keep: number;
}

const gap = '  ';

/** Lines of a table that is no wider than `width`; every value stays to be seen. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): readonly string[] {
  const sized = columns.map((column) => ({
    column,
    width: Math.max(widthOf(column.title), ...rows.map((row) => widthOf(column.cell(row).text))),
  }));
  const totalOf = (list: typeof sized): number =>
    list.reduce((sum, each) => sum + each.width, (list.length - 1) * gap.length);
  let beside = sized;
  for (const { column } of sized.toSorted((a, b) => a.column.keep - b.column.keep)) {
    if (totalOf(beside) <= width || beside.length === 1) break;
    beside = beside.filter((each) => each.column !== column);
  }
  const below = sized.filter((each) => !beside.includes(each));

  const line = (of: (column: Column<Row>) => Cell): string =>
    beside
      .map(({ column, width }, index) => {
        const { text, style } = of(column);
        const isLast = index === beside.length - 1 && column.align !== 'right';
        return paint(style, isLast ? text : pad(text, width, column.align));
      })
      .join(gap)
      .trimEnd();
  const linesBelow = (row: Row): readonly string[] => {
    const parts = below
      .map(({ column }) => ({ title: column.title.toLowerCase(), text: column.cell(row).text }))
      .filter(({ text }) => text !== '')
      .map(({ title, text }) => `${title} ${text}`);
    return parts.length === 0 ? [] : hang('    ', parts.join(' · '), width).map((text) => paint('dim', text));
  };
  return [
    line(({ title }) => ({ text: title, style: 'bold' })),
    ...rows.flatMap((row) => [line((column) => column.cell(row)), ...linesBelow(row)]),
  ];
}
