import { signal, type ReadonlySignal } from '@preact/signals';
import { Refused, wordsOf } from '../api/client.ts';

export type SaveState =
  | { readonly at: 'rest' | 'saving' | 'saved' }
  | { readonly at: 'failed'; readonly words: string; readonly fields: ReadonlyMap<string, string> };

/** Runs one save at a time and keeps what came of it. */
export function createSaving(): {
  readonly state: ReadonlySignal<SaveState>;
  /** True when it went well. */
  run(save: () => Promise<unknown>): Promise<boolean>;
  reset(): void;
} {
  const state = signal<SaveState>({ at: 'rest' });
  return {
    state,
    async run(save) {
      if (state.value.at === 'saving') return false;
      state.value = { at: 'saving' };
      try {
        await save();
        state.value = { at: 'saved' };
        return true;
      } catch (error) {
        const fields = error instanceof Refused ? error.fields : new Map<string, string>();
        state.value = { at: 'failed', words: wordsOf(error), fields };
        return false;
      }
    },
    reset() {
      state.value = { at: 'rest' };
    },
  };
}

/** What the field's own line says; a failure that names no field is said below the form. */
export const fieldError = (state: SaveState, field: string): string | undefined =>
  state.at === 'failed' ? state.fields.get(field) : undefined;
