import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Visibility } from '../../core/broadcast/types.ts';
import { Field, Saved, VisibilityField } from './fields.tsx';
import { createSaving, fieldError } from './saving.ts';

export interface ShowWords {
  readonly title: string;
  readonly visibility: Visibility;
}

/** Title and visibility of a show. What was typed stays until it is saved, whatever is polled meanwhile. */
export function ShowForm(props: {
  readonly legend: string;
  readonly saved: ShowWords;
  readonly save: (words: ShowWords) => Promise<unknown>;
}) {
  const typed = useSignal<ShowWords>(props.saved);
  const base = useSignal<ShowWords>(props.saved);
  const saving = useMemo(createSaving, []);
  const same = (a: ShowWords, b: ShowWords): boolean => a.title === b.title && a.visibility === b.visibility;
  const dirty = !same(typed.value, base.value);

  useEffect(() => {
    // News from elsewhere (another tab) come in only where nothing would be overwritten.
    if (!dirty) typed.value = props.saved;
    base.value = props.saved;
  }, [props.saved.title, props.saved.visibility]);

  const change = (words: Partial<ShowWords>): void => {
    typed.value = { ...typed.value, ...words };
    saving.reset();
  };

  return (
    <form
      class="form"
      aria-label={props.legend}
      onSubmit={(event) => {
        event.preventDefault();
        const words = { ...typed.value, title: typed.value.title.trim() };
        void saving
          .run(() => props.save(words))
          .then((good) => {
            if (!good) return;
            base.value = words;
            typed.value = words;
          });
      }}
    >
      <h3>{props.legend}</h3>
      <Field
        label="Title"
        name="title"
        maxLength={140}
        value={typed.value.title}
        change={(title) => change({ title })}
        error={fieldError(saving.state.value, 'title')}
      />
      <VisibilityField
        label="Who can watch"
        value={typed.value.visibility}
        change={(visibility) => change({ visibility })}
      />
      <div class="form-end">
        <button type="submit" class="button primary" disabled={!dirty || saving.state.value.at === 'saving'}>
          Save
        </button>
        <Saved state={saving.state.value}>{dirty && 'Not saved yet'}</Saved>
      </div>
    </form>
  );
}
