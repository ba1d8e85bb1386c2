import { describe, expect, it } from 'vitest';
import { Motion, type Reading } from '../../../web/watch/motion.ts';

const at = (currentS: number, change: Partial<Reading> = {}): Reading => ({
  currentS,
  ready: true,
  seeking: false,
  resting: false,
  ...change,
});

describe('motion', () => {
  it('needs two readings', () => {
    const motion = new Motion(0);
    expect(motion.read(at(5), 250)).toBeUndefined();
    expect(motion.read(at(5.25), 500)).toBe('moved');
  });

  it('says a stall once, and again after it has moved', () => {
    const motion = new Motion(0);
    motion.read(at(5), 0);
    expect(motion.read(at(5), 1_500)).toBeUndefined();
    expect(motion.read(at(5), 1_750)).toBe('stalled');
    expect(motion.read(at(5), 9_000)).toBeUndefined();
    expect(motion.read(at(5.2), 9_250)).toBe('moved');
    expect(motion.read(at(5.2), 11_000)).toBe('stalled');
  });

  it('takes a nudge of the playhead for no progress', () => {
    const motion = new Motion(0);
    motion.read(at(5), 0);
    expect(motion.read(at(5.04), 1_000)).toBeUndefined();
    expect(motion.read(at(9, { ready: false }), 1_200)).toBeUndefined();
  });

  it('lets a pause last as long as it likes', () => {
    const motion = new Motion(0);
    motion.read(at(5, { resting: true }), 60_000);
    expect(motion.read(at(5), 61_000)).toBeUndefined();
  });

  it('notices a seek that never comes to an end', () => {
    const motion = new Motion(0);
    motion.restart(1_000);
    expect(motion.read(at(50, { seeking: true }), 2_000)).toBeUndefined();
    expect(motion.read(at(50, { seeking: true }), 2_600)).toBe('stalled');
  });
});
