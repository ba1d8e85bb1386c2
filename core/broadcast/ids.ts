/**
 * Ids of channels and broadcasts are ULIDs in lower case: they sort by the time they were made, and contain
 * nothing that means something in a path, a playlist or a stream key. Crockford's alphabet leaves out i, l, o
 * and u; they are let through here so that this stays the pattern of core/broadcast/stream-key.ts.
 */
export const idPattern = /^[0-9a-z]{26}$/;

export const isId = (text: string): boolean => idPattern.test(text);
