/** People who post over the API, as any client would. */
import type { PostedMessage, RefusedPost } from '../../../core/api/chat.ts';
import type { Platform } from '../../../local/platform.ts';

export interface Post {
  readonly text: string;
  readonly person: string;
  /** 0: no answer. */
  readonly status: number;
  readonly posted?: PostedMessage;
  readonly refused?: RefusedPost;
}

type Chatting = Pick<Platform, 'url' | 'tokenFor'>;

export async function post(
  { url, tokenFor }: Chatting,
  broadcastId: string,
  person: string,
  text: string,
  idempotencyKey?: string,
): Promise<Post> {
  try {
    const response = await fetch(`${url}/api/broadcasts/${broadcastId}/messages`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await tokenFor(person)}`,
        'content-type': 'application/json',
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      body: JSON.stringify({ text }),
    });
    const body: unknown = await response.json();
    return {
      text,
      person,
      status: response.status,
      ...(response.ok ? { posted: body as PostedMessage } : { refused: body as RefusedPost }),
    };
  } catch {
    return { text, person, status: 0 };
  }
}

export interface Talk {
  readonly posts: readonly Post[];
  /** Says nothing more; resolves when every post has its answer. */
  stop(): Promise<readonly Post[]>;
}

/** Two and more who talk without waiting for each other, so many times a second together. */
export function talk(
  platform: Chatting,
  broadcastId: string,
  people: readonly string[],
  { perS, name }: { readonly perS: number; readonly name: string },
): Talk {
  const posts: Post[] = [];
  const underWay: Promise<unknown>[] = [];
  let n = 0;
  const timer = setInterval(() => {
    const person = people[n % people.length] ?? '';
    n += 1;
    underWay.push(
      post(platform, broadcastId, person, `${name} ${n}`).then((answered) => posts.push(answered)),
    );
  }, 1_000 / perS);
  return {
    posts,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
      return posts;
    },
  };
}

export const idsOf = (posts: readonly Post[]): readonly string[] =>
  posts.flatMap(({ posted }) => (posted === undefined ? [] : [posted.id]));
