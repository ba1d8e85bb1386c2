import type { Logger } from '../../runtime/telemetry/log.ts';
import type { TokenVerifier } from '../../runtime/identity/tokens.ts';
import type { ObjectStore } from '../../runtime/store/objects/port.ts';
import type { Broadcasts } from '../../runtime/store/tables/broadcasts.ts';
import type { FleetTable } from '../../runtime/store/tables/fleet.ts';
import type { Channels } from '../../runtime/store/tables/channels.ts';
import type { PublicConfig } from '../../core/api/types.ts';
import type { ChatParts } from './chat/parts.ts';

/** All that the API works with. start.ts makes the real ones. */
export interface ApiDependencies {
  readonly config: PublicConfig;
  /** The origin that viewers use: signed cookies are made for it. */
  readonly publicUrl: string;
  /** Other addresses that open media may be asked at. */
  readonly mediaUrls?: readonly string[];
  readonly channels: Channels;
  readonly broadcasts: Broadcasts;
  readonly fleet: Pick<FleetTable, 'report' | 'decisions' | 'request'>;
  readonly objects: Pick<ObjectStore, 'delete'>;
  readonly chat: ChatParts;
  readonly verifier: TokenVerifier;
  /** Name and value of each cookie that opens `resource` until then. */
  readonly signCookies: (resource: string, expiresAtMs: number) => Readonly<Record<string, string>>;
  readonly clock: { now(): number };
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly log: Logger;
}
