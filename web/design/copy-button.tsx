import { useSignal } from '@preact/signals';
import { Icon, type IconName } from './icons.tsx';

/** Copies a text and says so, also to those who can't see the button change. */
export function CopyButton(props: {
  readonly text: string;
  readonly label: string;
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
  return (
    <button type="button" class={props.class ?? 'button'} onClick={() => void copy()}>
      <Icon name={said.value === 'copied' ? 'check' : (props.icon ?? 'copy')} />
      <span role="status">
        {said.value === 'copied'
          ? 'Copied'
          : said.value === 'failed'
            ? 'Select and copy by hand'
            : props.label}
      </span>
    </button>
  );
}
