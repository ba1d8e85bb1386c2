import { Component } from 'preact';
import type { ChatMessage, ChatRole } from '../../../core/chat/message.ts';
import { Icon } from '../../design/icons.tsx';
import { remedyFor, type Unsent } from './outbox.ts';
import { colourOf, parse, type Parsed, type Part } from './text.ts';
import { roleWords, timeOfDay } from './words.ts';

const parsed = new WeakMap<ChatMessage, { readonly me: string | undefined; readonly parsed: Parsed }>();

/** A row is drawn many times while it scrolls; its text stays the same. */
export function parsedOf(message: ChatMessage, me: string | undefined): Parsed {
  const known = parsed.get(message);
  if (known !== undefined && known.me === me) return known.parsed;
  const fresh = parse(message.text, me);
  parsed.set(message, { me, parsed: fresh });
  return fresh;
}

export const RoleBadge = ({ role }: { readonly role: ChatRole }) =>
  role === 'viewer' ? null : (
    <span class={`role role-${role}`} role="img" aria-label={roleWords[role]} title={roleWords[role]}>
      <Icon name={role} />
    </span>
  );

const Words = ({ part }: { readonly part: Part }) => {
  switch (part.kind) {
    case 'link':
      return (
        <a href={part.href} target="_blank" rel="noopener noreferrer nofollow ugc" tabIndex={-1}>
          {part.text}
        </a>
      );
    case 'me':
      return <mark>{part.text}</mark>;
    case 'mention':
      return <b>{part.text}</b>;
    case 'emoji':
      return <span class="emoji">{part.text}</span>;
    default:
      return <>{part.text}</>;
  }
};

export interface MessageRowProps {
  readonly message: ChatMessage;
  /** As I am called, to find myself in it. */
  readonly me: string | undefined;
  readonly hasMenu: boolean;
  readonly openMenu: (row: HTMLElement) => void;
}

/**
 * Names and texts stand in `bdi`: what is written from right to left does not turn the line around it.
 * What a message says does not change, so a row in a list that moves is not drawn again.
 */
export class MessageRow extends Component<MessageRowProps> {
  override shouldComponentUpdate(next: MessageRowProps): boolean {
    const { message, me, hasMenu } = this.props;
    return message !== next.message || me !== next.me || hasMenu !== next.hasMenu;
  }

  override render({ message, me, hasMenu }: MessageRowProps) {
    const { by } = message;
    const { parts, isOnlyEmoji } = parsedOf(message, me);
    return (
      <>
        <RoleBadge role={by.role} />
        <bdi class={`name name-${colourOf(by.id)}`}>{by.name}</bdi>
        <span class="colon">: </span>
        <bdi class={isOnlyEmoji ? 'said said-emoji' : 'said'}>
          {parts.map((part, i) => (
            <Words key={i} part={part} />
          ))}
        </bdi>
        <span class="row-more">
          <time dateTime={new Date(message.at).toISOString()}>{timeOfDay(message.at)}</time>
          {hasMenu && (
            <button
              type="button"
              tabIndex={-1}
              aria-label={`Actions for this message of ${by.name}`}
              aria-haspopup="menu"
              onClick={(event) => {
                event.stopPropagation();
                const row = event.currentTarget.closest<HTMLElement>('[data-key]');
                if (row !== null) this.props.openMenu(row);
              }}
            >
              <Icon name="more" />
            </button>
          )}
        </span>
      </>
    );
  }
}

export const UnsentRow = (props: {
  readonly unsent: Unsent;
  readonly name: string;
  readonly personId: string;
  readonly again: () => void;
  readonly edit: () => void;
  readonly discard: () => void;
}) => {
  const { unsent } = props;
  const isFailed = unsent.state === 'failed';
  const remedy = remedyFor(unsent);
  return (
    <>
      <bdi class={`name name-${colourOf(props.personId)}`}>{props.name}</bdi>
      <span class="colon">: </span>
      <bdi class="said">{unsent.text}</bdi>
      {isFailed ? (
        <span class="unsent-trouble">
          <span>
            <b>Not sent.</b> {unsent.trouble}
          </span>
          {remedy !== 'none' && (
            <button type="button" class="link-button" onClick={props[remedy]}>
              {remedy === 'edit' ? 'Edit' : 'Try again'}
            </button>
          )}
          <button type="button" class="link-button" onClick={props.discard}>
            Take back
          </button>
        </span>
      ) : (
        <span class="hidden-label"> (sending)</span>
      )}
    </>
  );
};
