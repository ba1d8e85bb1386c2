/** Who can write, when only followers can. Pure. */
import { span } from '../words.ts';

const dayMin = 1_440;
const weekMin = 7 * dayMin;

/** @param minutes for so long somebody has to have followed; another client may have chosen any number. */
export function followersWords(minutes: number): string {
  if (minutes === 0) return 'All followers';
  if (minutes === dayMin) return 'Followers of 1 day';
  if (minutes === weekMin) return 'Followers of 1 week';
  return `Followers of ${minutes < dayMin ? span(minutes * 60) : `${Math.round(minutes / dayMin)} days`}`;
}
