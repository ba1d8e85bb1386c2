import { useSignal } from '@preact/signals';
import { Icon, type IconName } from './icons.tsx';

/** Copies a text and says so, also to those who can't see the button change. */
export function CopyButton(props: {
  readonly text: string;
  readonly label: string;
  /** The whole name where the label is too short to be told from others; begins with the label. */
  readonly name?: string;
  readonly icon?: IconName;
  readonly class?: string;
}) {
  const said = useSignal<'copied' | 'failed' | undefined>(undefined);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(props.text);
      said.value = 'copied';
    } catch {
      // No permission, or the page is not served securely.
      said.value = 'failed';
    }
    setTimeout(() => (said.value = undefined), 2_500);
  };
  const news = said.value === undefined ? '' : said.value === 'copied' ? 'Copied' : 'Select and copy by hand';
  return (
    <>
      <button
        type="button"
        class={props.class ?? 'button'}
        aria-label={props.name ?? props.label}
        onClick={() => void copy()}
      >
        <Icon name={said.value === 'copied' ? 'check' : (props.icon ?? 'copy')} />
        {news === '' ? props.label : news}
      </button>
      {/* Outside of the button: what a button contains is only its name. */}
      <span class="hidden-label" role="status">
        {news}
      </span>
    </>
  );
}
