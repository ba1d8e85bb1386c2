/**
 * When people go live: relative rate of starts by the hour of the day and the day of the week, Japanese time.
 * Judged, after the well-known shape of Japanese live streaming: peak 21–23 h, trough 4–8 h, evenings full on
 * every day, weekends busier by day, Friday and Saturday later into the night. docs/simulator.md has the reasons.
 */
export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** Monday 2 November 2026, 05:00 in Japan: in the trough, so that a run starts and ends with a small fleet. */
export const traceStart = Date.UTC(2026, 10, 1, 20);

/** Hours from the trace's start back to Monday 00:00 local. */
const startHour = 5;

const byHour = [
  0.62, 0.42, 0.28, 0.2, 0.14, 0.11, 0.11, 0.13, 0.17, 0.22, 0.28, 0.32, 0.38, 0.42, 0.45, 0.48, 0.52, 0.58,
  0.66, 0.78, 0.92, 1.0, 0.98, 0.82,
] as const;

/** Monday first. The evening; starts before 06:00 belong to the evening of the day before. */
const byDay = [0.9, 0.88, 0.9, 0.92, 1.0, 1.05, 1.0] as const;

/** Saturday and Sunday, 09:00–18:00: people are at home. */
const weekendDaytime = 1.35;

const hourWeight = (hour: number): number => byHour[((hour % 24) + 24) % 24] ?? 0;
const dayWeight = (day: number): number => byDay[((day % 7) + 7) % 7] ?? 1;

/** Relative rate of starts, about 1 at the busiest hour. Straight lines between the middles of the hours. */
export function startRate(sinceStartMs: number): number {
  const hours = sinceStartMs / hourMs + startHour;
  const middle = hours - 0.5;
  const hour = Math.floor(middle);
  const share = middle - hour;
  const curve = hourWeight(hour) * (1 - share) + hourWeight(hour + 1) * share;
  const day = Math.floor((hours - 6) / 24);
  const clock = ((hours % 24) + 24) % 24;
  const weekday = ((Math.floor(hours / 24) % 7) + 7) % 7;
  const daytime = weekday >= 5 && clock >= 9 && clock < 18 ? weekendDaytime : 1;
  return curve * dayWeight(day) * daytime;
}

/** Local clock time on a day of the run (0: the Monday it starts on), as ms since the trace's start. */
export const localTime = (day: number, hour: number): number => (day * 24 + hour - startHour) * hourMs;
