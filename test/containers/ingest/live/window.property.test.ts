import fc from 'fast-check';
import HLS from 'hls-parser';
import { describe, expect, it } from 'vitest';
import { checkPlaylists, explain, type Capture } from '../../../conformance/check.ts';
import { parseMedia } from '../../../conformance/parse.ts';
import { Stage } from './stage.ts';

/** What can happen to a window, at any time and in any order. */
type Event =
  | { readonly kind: 'parts'; readonly count: number }
  | { readonly kind: 'send'; readonly rendition: number }
  | { readonly kind: 'skip'; readonly rendition: number; readonly count: number }
  | { readonly kind: 'odd'; readonly rendition: number; readonly startS: number; readonly durationS: number }
  | { readonly kind: 'again'; readonly rendition: number; readonly position: number }
  | { readonly kind: 'shortened'; readonly rendition: number; readonly share: number }
  | {
      readonly kind: 'run';
      readonly without: readonly number[];
      readonly firstPart: number;
      readonly agoMs: number;
    }
  | { readonly kind: 'run-ends' }
  | { readonly kind: 'wait'; readonly ms: number };

const rendition = fc.nat({ max: 3 });
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('parts'), count: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('send'), rendition }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('skip'), rendition, count: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('odd'),
      rendition,
      startS: fc.double({ min: -1, max: 40 }),
      durationS: fc.double({ min: -1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('again'), rendition, position: fc.nat({ max: 60 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('shortened'),
      rendition,
      share: fc.double({ min: 0.01, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('run'),
      without: fc.oneof(
        { weight: 4, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(rendition, { maxLength: 2 }) },
      ),
      firstPart: fc.oneof(fc.constant(0), fc.nat({ max: 30 })),
      agoMs: fc.oneof(fc.constant(0), fc.nat({ max: 20_000 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('run-ends') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.nat({ max: 70_000 }) }) },
);

function happen(stage: Stage, happening: Event): void {
  switch (happening.kind) {
    case 'parts':
      return stage.part(happening.count);
    case 'send':
      return stage.send(happening.rendition);
    case 'skip':
      return stage.skip(happening.rendition, happening.count);
    case 'odd':
      return stage.sendAt(happening.rendition, 0, happening);
    case 'again':
      return stage.sendAt(happening.rendition, happening.position);
    case 'shortened':
      return stage.send(happening.rendition, { durationS: happening.share * stage.timing.partDurationS });
    case 'run':
      stage.startRun(happening.without, happening.firstPart, stage.nowMs - happening.agoMs);
      return undefined;
    case 'run-ends':
      return stage.endRun();
    case 'wait':
      stage.nowMs += happening.ms;
      return undefined;
    default:
      return happening satisfies never;
  }
}

/** Every URI that a player could ask for now. */
function expectListedFiles(stage: Stage): void {
  for (const index of stage.ladder.keys()) {
    const text = stage.playlist(index);
    if (text === '') continue;
    const media = parseMedia(text);
    for (const segment of [...media.segments, ...(media.open === undefined ? [] : [media.open])]) {
      for (const part of segment.parts)
        expect([part.uri, stage.file(index, part.uri) !== undefined]).toEqual([part.uri, !part.gap]);
      if (segment.uri !== undefined)
        expect([segment.uri, stage.file(index, segment.uri) !== undefined]).toEqual([
          segment.uri,
          !segment.gap,
        ]);
      if (!segment.gap && segment.parts.some((part) => !part.gap))
        expect(stage.file(index, segment.map ?? '')).toBeDefined();
    }
  }
}

const stageOptions = fc.record({
  renditions: fc.integer({ min: 1, max: 4 }),
  frameRate: fc.constantFrom(
    { num: 30, den: 1 },
    { num: 30_000, den: 1001 },
    { num: 25, den: 1 },
    { num: 15, den: 1 },
  ),
  firstMsn: fc.constantFrom(0, 1, 4711),
  discontinuitySequence: fc.nat({ max: 3 }),
  startsWithDiscontinuity: fc.boolean(),
  // Short, so that segments leave it.
  windowS: fc.constantFrom(1, 8, 12),
});

describe('a live window, whatever the encoder does', () => {
  it('lists only what the rules of LL-HLS allow, and only files that are there', () => {
    fc.assert(
      fc.property(stageOptions, fc.array(event, { minLength: 5, maxLength: 45 }), (options, events) => {
        const stage = new Stage(options);
        stage.startRun();
        const captures: Capture[] = [];
        let atMs = 0;
        const lastTexts = new Map<string, string>();
        const look = (): void => {
          atMs += 1;
          for (const capture of stage.capture(atMs))
            if (lastTexts.get(capture.uri) !== capture.text) {
              lastTexts.set(capture.uri, capture.text);
              captures.push(capture);
            }
          expectListedFiles(stage);
        };
        for (const happening of events) {
          if (happening.kind === 'parts')
            for (let part = 0; part < happening.count; part += 1) {
              happen(stage, { kind: 'parts', count: 1 });
              look();
            }
          else {
            happen(stage, happening);
            look();
          }
        }
        stage.window.end();
        look();
        expect(explain(checkPlaylists(captures, { slackMs: 0 }))).toBe('');
      }),
      { numRuns: 120 },
    );
  });

  it('hands every segment over once, in order, and alike in all renditions', () => {
    fc.assert(
      fc.property(stageOptions, fc.array(event, { minLength: 5, maxLength: 60 }), (options, events) => {
        const stage = new Stage(options);
        stage.startRun();
        for (const happening of events) happen(stage, happening);
        stage.window.end();
        const shapes = stage.ladder.map(({ name }) => {
          const own = stage.finished.filter((segment) => segment.rendition === name);
          expect(own.map((segment) => segment.msn)).toEqual(own.map((_, index) => options.firstMsn + index));
          for (const segment of own) {
            if (segment.kind === 'gap') continue;
            const body = Buffer.concat(segment.chunks).toString();
            expect(body.split(';').length - 1).toBe(segment.chunks.length);
            expect(body).not.toMatch(new RegExp(`(?:^|;)(?!${segment.run} ${name} )[^;]`));
          }
          return own.map(({ msn, run, discontinuity, programDateTimeMs }) =>
            JSON.stringify([msn, run, discontinuity, programDateTimeMs]),
          );
        });
        for (const shape of shapes) expect(shape).toEqual(shapes[0]);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps files for as long as a player may ask for them', () => {
    fc.assert(
      fc.property(stageOptions, fc.array(event, { minLength: 5, maxLength: 30 }), (options, events) => {
        const stage = new Stage(options);
        stage.startRun();
        // When a URI was listed last, and how long it must be there afterwards (RFC 8216bis 6.2.2).
        const mustStay = new Map<
          string,
          { readonly index: number; readonly name: string; readonly untilMs: number }
        >();
        for (const happening of events) {
          const before = stage.nowMs;
          happen(stage, happening);
          for (const index of stage.ladder.keys()) {
            const text = stage.playlist(index);
            if (text === '') continue;
            const media = parseMedia(text);
            const lengthMs =
              media.segments.reduce((sum, segment) => sum + (segment.durationS ?? 0), 0) * 1000;
            const note = (name: string, forMs: number): void => {
              mustStay.set(`${index}/${name}`, { index, name, untilMs: before + forMs });
            };
            for (const segment of media.segments) {
              if (!segment.gap && segment.uri !== undefined) note(segment.uri, lengthMs);
              for (const part of segment.parts)
                if (!part.gap) note(part.uri, 3 * stage.timing.targetDurationS * 1000);
            }
          }
          for (const { index, name, untilMs } of mustStay.values())
            if (stage.nowMs < untilMs)
              expect([name, stage.file(index, name) !== undefined]).toEqual([name, true]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is read by hls-parser as it was meant', () => {
    fc.assert(
      fc.property(stageOptions, fc.array(event, { maxLength: 30 }), (options, events) => {
        const stage = new Stage(options);
        stage.startRun();
        stage.segment(2);
        for (const happening of events) happen(stage, happening);
        for (const [index] of stage.ladder.entries()) {
          const text = stage.playlist(index).replace('VERSION:6', 'VERSION:8');
          const first = HLS.parse(text);
          // It cannot write a second GAP, which it takes for a mistake.
          if (text.split('#EXT-X-GAP').length > 2) continue;
          const again = HLS.parse(HLS.stringify(first));
          // It takes the MAP of a growing segment for its key, and keeps the text it was given.
          const meant = (key: string, value: unknown): unknown =>
            key === 'key' || key === 'source' ? undefined : value;
          expect(JSON.stringify(again, meant)).toBe(JSON.stringify(first, meant));
        }
      }),
      { numRuns: 60 },
    );
  });
});
