/** 1234 → `1.2K`; exact as long as it is short. */
export const shortCount = (n: number): string =>
  n < 1_000
    ? String(n)
    : new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(n);

export const watching = (n: number): string => `${shortCount(n)} watching`;
