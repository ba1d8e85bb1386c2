import { compileWords, type WordFilter } from '../../../core/chat/filter/words.ts';
import type { ChatSettings, PlatformChat } from '../../../core/chat/mode.ts';

/** Channels whose words are kept compiled: 500 words each are some 100 kB. */
const maxKept = 500;

/** The words of channels and platform, compiled once for each version of both. */
export class Words {
  readonly #kept = new Map<string, { readonly version: string; readonly filter: WordFilter }>();

  of(channelId: string, settings: ChatSettings, platform: PlatformChat): WordFilter {
    const version = `${settings.version} ${platform.version}`;
    const kept = this.#kept.get(channelId);
    if (kept?.version === version) return kept.filter;
    const filter = compileWords([...settings.blockedWords, ...platform.blockedWords]);
    this.#kept.delete(channelId);
    this.#kept.set(channelId, { version, filter });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > maxKept && oldest !== undefined) this.#kept.delete(oldest);
    return filter;
  }
}
