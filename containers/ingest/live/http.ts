import type { IncomingMessage, ServerResponse } from 'node:http';
import { readDirectives } from '../../../core/hls/delivery.ts';
import { parseMediaFileName } from '../../../core/media/names.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import { Answer, openToAll } from './answers.ts';
import { maxUrlLength, parseLivePath } from './live-path.ts';
import type { Track } from './track.ts';
import type { WaitOutcome } from './waiting-room.ts';
import type { LiveWindow } from './window.ts';

export interface LiveHandlerOptions {
  /** The window of a broadcast under this kind of address; undefined when there is none. */
  find(slot: string, broadcastId: string, isPrivate: boolean): LiveWindow | undefined;
  readonly log: Pick<Logger, 'warn'>;
  readonly clock: { now(): number };
  /** Requests held at once over all broadcasts. */
  readonly maxWaiters?: number;
}

/**
 * A held request costs about 10 KB (socket, parser, response), so this is about 200 MB. Behind a CDN there
 * is one per rendition and edge location; more come only from somebody who wants to fill the memory.
 */
const defaultMaxWaiters = 20_000;
/** At most one line in so many ms says that requests are refused. */
const fullLogIntervalMs = 10_000;
/** Soon: the reason for a 503 is usually over with the next part. */
const retryAfter = ['Retry-After', '1'] as const;

/** Answers requests under /live and /live-private from the live windows. */
export function createLiveHandler(
  options: LiveHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const maxWaiters = options.maxWaiters ?? defaultMaxWaiters;
  let waiters = 0;
  let saidFullAtMs = Number.NEGATIVE_INFINITY;

  /** Holds the answer until `wait` calls back; frees its place when the client goes away first. */
  function hold(
    response: ServerResponse,
    answer: Answer,
    wait: (waiter: (outcome: WaitOutcome) => void) => () => void,
    onReady: () => void,
  ): void {
    if (waiters >= maxWaiters) {
      if (options.clock.now() - saidFullAtMs > fullLogIntervalMs) {
        saidFullAtMs = options.clock.now();
        options.log.warn({ waiters }, 'too many held requests: refusing more');
      }
      answer.error(503, 'too many requests are waiting', retryAfter);
      return;
    }
    waiters += 1;
    const cancel = wait((outcome) => {
      waiters -= 1;
      response.off('close', onClose);
      if (outcome === 'ready') onReady();
      else if (outcome === 'timeout') answer.error(503, 'nothing new came in time', retryAfter);
      else answer.error(404, 'the broadcast is not here any more');
    });
    const onClose = (): void => {
      waiters -= 1;
      cancel();
    };
    response.once('close', onClose);
  }

  function sendPlaylist(answer: Answer, window: LiveWindow, track: Track, blocked: boolean): void {
    const body = window.mediaPlaylist(track);
    if (body === undefined) answer.error(404, 'the broadcast has not started yet');
    else answer.playlist(body, blocked ? 'blockedPlaylist' : 'playlist');
  }

  function playlist(
    query: string,
    response: ServerResponse,
    answer: Answer,
    window: LiveWindow,
    track: Track,
  ): void {
    // RFC 8216bis 6.2.5.2: with ENDLIST every directive is ignored, even a bad one.
    const directives = window.ended ? { kind: 'none' as const } : readDirectives(new URLSearchParams(query));
    if (directives.kind === 'bad') return answer.error(400, directives.reason);
    if (directives.kind === 'none' || !window.started) return sendPlaylist(answer, window, track, false);
    const delivery = track.decide(directives);
    switch (delivery.kind) {
      case 'now':
        return sendPlaylist(answer, window, track, true);
      case 'too-far':
        return answer.error(400, 'that is too far ahead of the playlist');
      case 'wait':
        return hold(
          response,
          answer,
          (waiter) => window.waitForPosition(track, delivery.position, waiter),
          () => {
            sendPlaylist(answer, window, track, true);
          },
        );
      default:
        return delivery satisfies never;
    }
  }

  function file(
    name: string,
    response: ServerResponse,
    answer: Answer,
    window: LiveWindow,
    track: Track,
  ): void {
    const kind = parseMediaFileName(name)?.kind === 'part' ? 'part' : 'immutable';
    const send = (): void => {
      const chunks = track.file(name);
      if (chunks === undefined) answer.error(404, 'there is no such file, or not any more');
      else answer.file(chunks, kind);
    };
    // Only the hinted part is worth waiting for; it is sent whole, at line speed (6.2.6).
    if (track.hint === name)
      hold(response, answer, (waiter) => window.waitForHint(track, name, waiter), send);
    else send();
  }

  return (request, response) => {
    const url = request.url ?? '';
    const [path = '', query = ''] = url.slice(0, maxUrlLength + 1).split('?', 2);
    const live = url.length > maxUrlLength ? undefined : parseLivePath(path);
    const open = !path.startsWith('/live-private/');
    const answer = new Answer(request, response, open ? openToAll : []);
    if (open && request.method === 'OPTIONS') return answer.preflight();
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer.error(405, 'only GET and HEAD', ['Allow', open ? 'GET, HEAD, OPTIONS' : 'GET, HEAD']);
    if (url.length > maxUrlLength) return answer.error(414, 'the address is too long');
    const window = live && options.find(live.slot, live.broadcastId, live.isPrivate);
    if (live === undefined || window === undefined) return answer.error(404, 'there is no such broadcast');
    const { target } = live;
    if (target.kind === 'master') {
      const body = window.masterPlaylist();
      if (body === undefined) return answer.error(404, 'the broadcast has not started yet');
      return answer.playlist(body, 'master');
    }
    if (target.kind === 'thumbnail') {
      const jpeg = window.thumbnailJpeg;
      if (jpeg === undefined) return answer.error(404, 'there is no picture yet');
      return answer.file([jpeg], 'thumbnail');
    }
    const track = window.track(target.rendition);
    if (track === undefined) return answer.error(404, 'there is no such rendition');
    return target.kind === 'playlist'
      ? playlist(query, response, answer, window, track)
      : file(target.name, response, answer, window, track);
  };
}
