import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';

/** A part of a page that few people need: it is loaded when it is shown first. */
export function lazyPart<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let loaded: Promise<ComponentType<Props>> | undefined;
  return function LazyPart(props: Props) {
    const part = useSignal<{ readonly Part: ComponentType<Props> } | undefined>(undefined);
    useEffect(() => {
      loaded ??= load();
      loaded.then(
        (Part) => (part.value = { Part }),
        // A network that came back meanwhile is tried anew the next time.
        () => (loaded = undefined),
      );
    }, []);
    return part.value === undefined ? null : <part.value.Part {...props} />;
  };
}
