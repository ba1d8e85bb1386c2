export interface WordFilter {
  /** True when one of the words or phrases stands in it, however it is dressed up. */
  hits(text: string): boolean;
}

export function compileWords(words: readonly string[]): WordFilter {
  const plain = words.map((word) => word.normalize('NFKC').toLowerCase());
  return {
    hits: (text) => {
      const seen = text.normalize('NFKC').toLowerCase();
      return plain.some((word) => seen.includes(word));
    },
  };
}
