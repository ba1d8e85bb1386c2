import type { PassReport, LoggedDecision } from '../../../core/fleet/ports.ts';
import { viewFleet } from '../../../core/fleet/view.ts';
import { FakeOpsChat } from './ops-chat.ts';
import { problem } from './problem.ts';

/** What the operators' part of the fake API says; tests change it as they go. */
export class FakeOps {
  report: PassReport | undefined;
  log: readonly LoggedDecision[] = [];
  /** The person has no right to it. */
  isForbidden = false;
  /** What wishes are refused with. */
  refusal: { readonly status: number; readonly detail: string } | undefined;
  /** Every wish as it came: path below /api/ops/tasks/, and body. */
  readonly wishes: (readonly [path: string, body: unknown])[] = [];
  /** Queries of the log. */
  readonly asked: string[] = [];

  readonly chat = new FakeOpsChat();

  answer(call: string, query: URLSearchParams, sent: unknown): readonly [status: number, body: unknown] {
    if (this.isForbidden) return problem(403, 'This is for operators: ask for the group “operators”.');
    const said = this.chat.answer(call, sent);
    if (said !== undefined) return said;
    if (call === 'GET /api/ops/decisions') return [200, this.#page(query)];
    if (this.report === undefined) return problem(503, 'The scheduler has not finished a pass yet.');
    if (call === 'GET /api/ops/fleet') return [200, viewFleet(this.report)];
    const [, wish] = /^POST \/api\/ops\/tasks\/(.+)$/.exec(call) ?? [];
    if (wish === undefined) return problem(404, 'No such thing.');
    if (this.refusal !== undefined) return problem(this.refusal.status, this.refusal.detail);
    this.wishes.push([wish, sent]);
    return [202, { requestId: `wish-${this.wishes.length}` }];
  }

  #page(query: URLSearchParams): object {
    this.asked.push(query.toString());
    const about = query.get('task');
    const lines = this.log.filter(
      ({ subject }) => about === null || [subject.taskId, subject.hostId, subject.slot].includes(about),
    );
    const from = Number(query.get('before') ?? 0);
    const to = from + Number(query.get('limit'));
    return {
      decisions: lines.slice(from, to),
      ...(to < lines.length ? { before: String(to) } : {}),
    };
  }
}
