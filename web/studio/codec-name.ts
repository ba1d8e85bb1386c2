/** Profiles of H.264 by profile_idc, ITU-T H.264 annex A. */
const avcProfiles: ReadonlyMap<number, string> = new Map([
  [66, 'Baseline'],
  [77, 'Main'],
  [88, 'Extended'],
  [100, 'High'],
  [110, 'High 10'],
  [122, 'High 4:2:2'],
  [244, 'High 4:4:4'],
]);

/** Audio object types, ISO/IEC 14496-3 table 1.17. */
const audioObjects: ReadonlyMap<string, string> = new Map([
  ['2', 'AAC-LC'],
  ['5', 'HE-AAC'],
  ['29', 'HE-AAC v2'],
]);

/** RFC 6381 names as encoders call them: `avc1.64001f` is H.264 High. What is not known stays as it is. */
export function codecName(codec: string): string {
  const avc = /^avc[13]\.([0-9a-f]{2})[0-9a-f]{4}$/i.exec(codec)?.[1];
  if (avc !== undefined) return `H.264 ${avcProfiles.get(Number.parseInt(avc, 16)) ?? ''}`.trim();
  const audio = /^mp4a\.40\.(\d+)$/i.exec(codec)?.[1];
  return (audio === undefined ? undefined : audioObjects.get(audio)) ?? codec;
}
