import type { BroadcastState } from '../../../core/broadcast/types.ts';
import { EventPlaylist } from '../../../core/hls/event-playlist.ts';
import {
  livePlaylistText,
  type PlaylistPart,
  type PlaylistSegment,
} from '../../../core/hls/live-playlist.ts';
import { masterPlaylistText } from '../../../core/hls/master-playlist.ts';
import { initName, parseMediaFileName, partName, segmentName } from '../../../core/media/names.ts';
import { timingFor } from '../../../core/media/timing.ts';
import type { FakeRendition } from './media.ts';

const rate = { num: 20, den: 1 };
const timing = timingFor(rate);
const partMs = 500;
const partsPerSegment = 4;
const windowSegments = 15;

/** One encoder connection: segments [firstMsn, …) that run in real time from `atMs`. */
interface Session {
  readonly number: number;
  readonly firstMsn: number;
  readonly atMs: number;
  endMs: number | undefined;
}

export interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string | Uint8Array;
}

/** A show whose playlists follow the clock: what the ingest task and the archive would serve. */
export class FakeShow {
  readonly startedAt: number;
  readonly #media: readonly FakeRendition[];
  readonly #sessions: Session[];
  state: BroadcastState = 'live';
  endedAt: number | undefined;

  /** `aheadMs`: how long it has been running already. */
  constructor(media: readonly FakeRendition[], aheadMs: number) {
    this.#media = media;
    this.startedAt = Date.now() - aheadMs;
    this.#sessions = [{ number: 1, firstMsn: 0, atMs: this.startedAt, endMs: undefined }];
  }

  get session(): number {
    return this.#sessions.length;
  }

  get durationS(): number {
    return this.#segments().length * 2;
  }

  interrupt(): void {
    this.state = 'interrupted';
    this.#close();
  }

  resume(): void {
    this.state = 'live';
    const firstMsn = this.#segments().length;
    this.#sessions.push({ number: this.session + 1, firstMsn, atMs: Date.now(), endMs: undefined });
  }

  end(): void {
    this.#close();
    this.state = 'ended';
    this.endedAt = Date.now();
  }

  #close(): void {
    const last = this.#sessions.at(-1);
    if (last !== undefined) last.endMs ??= Date.now();
  }

  /** Parts of a session that are there now; a session that has ended keeps whole segments only. */
  #partCount(session: Session): number {
    const parts = Math.floor(((session.endMs ?? Date.now()) - session.atMs) / partMs);
    return session.endMs === undefined ? parts : parts - (parts % partsPerSegment);
  }

  /** Every segment that is complete. */
  #segments(): readonly { readonly msn: number; readonly session: Session; readonly atMs: number }[] {
    return this.#sessions.flatMap((session) =>
      Array.from({ length: Math.floor(this.#partCount(session) / partsPerSegment) }, (_, i) => ({
        msn: session.firstMsn + i,
        session,
        atMs: session.atMs + i * 2_000,
      })),
    );
  }

  readonly #run = (session: Session): string => `${session.number}-0`;

  #parts(run: string, msn: number, count: number, media: FakeRendition): PlaylistPart[] {
    return Array.from({ length: count }, (_, part) => ({
      uri: partName(run, msn, part),
      durationS: media.parts[msn * partsPerSegment + part]?.durationS ?? 0.5,
      independent: part === 0,
      gap: false,
    }));
  }

  #livePlaylist(media: FakeRendition): string {
    const all = this.#segments();
    const windowed = all.slice(-windowSegments);
    const session = this.#sessions.at(-1);
    if (session === undefined) throw new Error('a show has a session');
    const openMsn = all.length;
    const openParts = session.endMs === undefined ? this.#partCount(session) % partsPerSegment : 0;
    const head = (run: string, msn: number, first: boolean, atMs: number, parts: number) => ({
      discontinuity: first && msn > 0,
      map: initName(run),
      programDateTimeMs: atMs,
      parts: this.#parts(run, msn, parts, media),
    });
    const segments = windowed.map(({ msn, session: of, atMs }): PlaylistSegment => {
      const run = this.#run(of);
      const near = msn >= openMsn - 3;
      return {
        ...head(run, msn, msn === of.firstMsn, atMs, near ? partsPerSegment : 0),
        uri: segmentName(run, msn),
        durationS: 2,
        gap: false,
      };
    });
    const run = this.#run(session);
    const openAt = session.atMs + (openMsn - session.firstMsn) * 2_000;
    const ended = this.state === 'ended';
    return livePlaylistText({
      timing,
      mediaSequence: windowed[0]?.msn ?? 0,
      discontinuitySequence: this.#sessions.filter(
        ({ firstMsn }) => firstMsn > 0 && firstMsn < (windowed[0]?.msn ?? 0),
      ).length,
      segments,
      open: openParts > 0 ? head(run, openMsn, openMsn === session.firstMsn, openAt, openParts) : undefined,
      hint: ended ? undefined : partName(run, openMsn, openParts),
      reports: [],
    });
  }

  #archivePlaylist(): string {
    const playlist = new EventPlaylist(2);
    for (const { msn, session, atMs } of this.#segments())
      playlist.append({
        msn,
        run: this.#run(session),
        durationS: 2,
        programDateTimeMs: atMs,
        discontinuity: msn === session.firstMsn && msn > 0,
        gap: false,
      });
    return playlist.text(this.state === 'ended');
  }

  /** Below /live/<slot>/<id>/ or /archive/<id>/. */
  async serve(kind: 'live' | 'archive', path: string, query: URLSearchParams): Promise<Answer> {
    const type = 'application/vnd.apple.mpegurl';
    if (path === 'master.m3u8')
      return {
        status: 200,
        type,
        body: masterPlaylistText(
          this.#media.map((media) => ({ ...media, measuredPeakBps: 0 })),
          rate,
        ),
      };
    const [name = '', file = ''] = path.split('/');
    const media = this.#media.find(({ rendition }) => rendition.name === name);
    if (media === undefined) return { status: 404 };
    if (file === 'index.m3u8') {
      if (kind === 'archive') return { status: 200, type, body: this.#archivePlaylist() };
      if (!(await this.#reached(query))) return { status: 503 };
      return { status: 200, type, body: this.#livePlaylist(media) };
    }
    const named = parseMediaFileName(file);
    if (named === undefined) return { status: 404 };
    if (named.kind === 'init') return { status: 200, type: 'video/mp4', body: media.init };
    const first = named.msn * partsPerSegment;
    const wanted =
      named.kind === 'part'
        ? media.parts.slice(first + named.part, first + named.part + 1)
        : media.parts.slice(first, first + partsPerSegment);
    return { status: 200, type: 'video/mp4', body: Buffer.concat(wanted.map(({ bytes }) => bytes)) };
  }

  /** Blocking reload: true when there, false (503) after three target durations. */
  async #reached(query: URLSearchParams): Promise<boolean> {
    const msn = query.get('_HLS_msn');
    if (msn === null) return true;
    const position = Number(msn) * partsPerSegment + Number(query.get('_HLS_part') ?? partsPerSegment - 1);
    const until = Date.now() + 6_000;
    while (Date.now() < until) {
      const session = this.#sessions.at(-1);
      const last = session === undefined ? 0 : session.firstMsn * partsPerSegment + this.#partCount(session);
      if (position < last || this.state === 'ended') return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  }
}
