import type { Signal } from '@preact/signals';
import { Dialog } from '../design/dialog.tsx';
import { shortcutHelp } from './shortcuts.ts';

export const Help = ({ open }: { readonly open: Signal<boolean> }) => (
  <Dialog open={open.value} title="Keyboard" close={() => (open.value = false)}>
    <dl class="keys">
      {shortcutHelp.map(([keys, meaning]) => (
        <div key={keys}>
          <dt>
            <kbd>{keys}</kbd>
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  </Dialog>
);
