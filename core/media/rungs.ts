import { defaultRungs, type Rung } from './ladder.ts';

/** The configured ladder can't be understood. The message names the bad part and the way out. */
export class LadderError extends Error {
  override readonly name = 'LadderError';
}

const defaultAudioKbps = 128;
// Names are folders in URLs and object keys.
const ownRung = /^([a-z0-9][a-z0-9-]{0,15}):(\d{2,4}):(\d{2,5})(?::(\d{2,3}))?$/;

/**
 * Reads a ladder as people write it: names of default rungs, or rungs of their own as
 * `NAME:HEIGHT:VIDEO_KBPS[:AUDIO_KBPS]`, with commas between: `1080p,hd:900:4000,360p`.
 * @throws LadderError
 */
export function parseRungs(text: string): readonly Rung[] {
  const rungs = text.split(',').map((part) => parseRung(part.trim()));
  const names = rungs.map((rung) => rung.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new LadderError(`the ladder names '${twice}' twice: a name is a folder of its own`);
  return rungs;
}

function parseRung(part: string): Rung {
  const known = defaultRungs.find((rung) => rung.name === part);
  if (known !== undefined) return known;
  const [, name, height, videoKbps, audioKbps] = ownRung.exec(part) ?? [];
  if (name === undefined) {
    throw new LadderError(
      `the ladder has '${part}': one of ${defaultRungs.map((rung) => rung.name).join(', ')}, ` +
        'or NAME:HEIGHT:VIDEO_KBPS[:AUDIO_KBPS] such as hd:900:4000',
    );
  }
  return {
    name,
    // x264 wants even heights for 4:2:0 video.
    height: Math.floor(Number(height) / 2) * 2,
    videoBitrateBps: Number(videoKbps) * 1000,
    audioBitrateBps: Number(audioKbps ?? defaultAudioKbps) * 1000,
  };
}
