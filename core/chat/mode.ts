/** How a channel's chat is run. Kept with the channel, so that the next show begins as the last one ended. */

/** What everybody may know. */
export interface ChatMode {
  /** Seconds that one person waits between two messages; 0: slow mode is off. */
  readonly slowS: number;
  /** Only who has followed the channel for so many minutes; undefined: everybody. 0: every follower. */
  readonly followersMin?: number;
  /** Emergency: nobody but staff can post. */
  readonly off: boolean;
}

/** What only staff may know and change. */
export interface ChatRules {
  readonly links: 'allowed' | 'staff-only';
  /** Words and phrases; core/chat/filter says how they are compared. At most 500 of 2 to 60 characters. */
  readonly blockedWords: readonly string[];
  /** Longest message in characters (graphemes); at most `maxTextLength`. */
  readonly maxLength: number;
  /** Most emoji in a message. */
  readonly maxEmoji: number;
}

export interface ChatSettings extends ChatMode, ChatRules {
  /** Rises with every change. */
  readonly version: number;
}

/** Amazon IVS Chat allows 500; lines that people read while more come in are shorter. */
export const maxTextLength = 300;

export const defaultSettings: ChatSettings = {
  slowS: 0,
  off: false,
  links: 'staff-only',
  blockedWords: [],
  maxLength: 200,
  maxEmoji: 20,
  version: 0,
};

export const modeOf = ({ slowS, followersMin, off }: ChatSettings): ChatMode => ({
  slowS,
  off,
  ...(followersMin === undefined ? {} : { followersMin }),
});

/** What holds on the whole platform, beside the channels' own settings. */
export interface PlatformChat {
  readonly blockedWords: readonly string[];
  /** Nobody but staff can post anywhere. */
  readonly off: boolean;
  readonly version: number;
}

export const defaultPlatformChat: PlatformChat = { blockedWords: [], off: false, version: 0 };

/** A person who may not post: until then, or for good. */
export interface Ban {
  readonly personId: string;
  /** ms since 1970; absent: for good. */
  readonly until?: number;
  readonly reason?: string;
  /** As they were called. */
  readonly name: string;
  readonly by: string;
  readonly at: number;
}
