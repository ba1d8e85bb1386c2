/**
 * Characters that are drawn like others. Chosen from Unicode TR39 (confusables.txt): what is found on keyboards
 * and in the "fancy text" of the web; compatibility forms (full width, circled, mathematical) are NFKC's work.
 * All in lower case, as they are after case folding.
 */
const latin = table(
  // Cyrillic
  'аa вb гr ԁd еe һh нh іi јj кk ӏl мm оo пn рp ԛq ѕs сc тt уy цu хx ԝw шw ьb иn яr ѵv үy ғf ҝk',
  // Greek
  'αa βb γy δd εe ηn ιi κk νv οo ρp σo ςc τt υu χx ωw ζz λa',
  // Small capitals, hooks, strokes and dots of Latin itself
  'ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz',
  'ɑa ɓb ƈc ɖd ɗd ɛe ƒf ɠg ɡg ɦh ɨi ıi ȷj ƙk ɭl łl ɱm ɲn ŋn øo ɵo ƥp ɾr ɽr ʂs ƫt ŧt ʉu ʋu ɯw ʐz ƶz đd ħh ƀb',
  // Cherokee and Armenian
  'ꭺa ꭼe ꮯc ꮪs ꭵi ꮃw ꮮl ꮇm ꮋh ꭰd ꮲp ꮢr ꭲt ꮩv ꮓz ꭻj ꮶk օo սu ոn հh ցg զq յj',
);

/** What stands for a letter in a word: each with all that it can stand for. */
const leet = new Map(
  Object.entries({ 0: 'o', 1: 'il', 2: 'z', 3: 'e', 4: 'a', 5: 's', 6: 'bg', 7: 't', 8: 'b', 9: 'g' })
    .concat(Object.entries({ '@': 'a', $: 's', '!': 'i', '|': 'il', '+': 't', '€': 'e', '£': 'l', '¢': 'c' }))
    // A letter that was masked: f*ck.
    .concat([['*', 'aeiou']])
    .map(([sign, letters]): [string, readonly string[]] => [sign, letters.split('')]),
);

/** Kanji that pass for katakana (バ力, 工口), as hiragana. */
const kana = table('力か 工え 口ろ 二に 卜と 夕た 八は 才お');

export const latinLookalike = (char: string): string | undefined => latin.get(char);
export const leetReadings = (char: string): readonly string[] | undefined => leet.get(char);
export const kanaLookalike = (char: string): string | undefined => kana.get(char);

/** 🅐, 🅰 and the letters of flags: they have no compatibility form. */
export function letterOfEmoji(char: string): string | undefined {
  const code = char.codePointAt(0) ?? 0;
  for (const first of [0x1f150, 0x1f170, 0x1f1e6])
    if (code >= first && code < first + 26) return String.fromCharCode(0x61 + code - first);
  return undefined;
}

/** Pairs of a character and what it passes for. */
function table(...lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap((line) =>
      line.split(' ').map((pair): [string, string] => [pair.slice(0, -1), pair.slice(-1)]),
    ),
  );
}
