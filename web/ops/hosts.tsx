import { useSignal, type Signal } from '@preact/signals';
import { useCallback, useId } from 'preact/hooks';
import type { FleetView, HostView } from '../../core/api/ops.ts';
import { arrange, arrangements, keyOf, search, type Arrangement } from './arrange.ts';
import { usualBand } from './figures.tsx';
import { HostCard } from './host-card.tsx';
import { stateHelp } from './words.ts';

/** More cards than this would be several screens; small cells are still one. */
const denseFrom = 48;

export interface Look {
  readonly by: Arrangement;
  /** Undefined: as the number of hosts wants it. */
  readonly isDense: boolean | undefined;
}

const arrangementWords: Readonly<Record<Arrangement, string>> = {
  state: 'State',
  slot: 'Slot',
  image: 'Image',
};

export function Hosts(props: {
  readonly fleet: FleetView;
  readonly look: Signal<Look>;
  readonly pickedKey: string | undefined;
  readonly pick: (host: HostView) => void;
}) {
  const { fleet, look } = props;
  const text = useSignal('');
  const found = search(fleet.hosts, text.value);
  const isDense = look.value.isDense ?? fleet.hosts.length >= denseFrom;
  // The same function each time, or every card would be drawn again.
  const pick = useCallback(props.pick, [props.pick]);
  const help: Readonly<Record<string, string>> = stateHelp;
  return (
    <section class="hosts" aria-label="Hosts">
      <Tools look={look} isDense={isDense} text={text} found={found.length} all={fleet.hosts.length} />
      {found.length === 0 && (
        <p class="muted">{fleet.hosts.length === 0 ? 'There are no hosts.' : 'No host is like that.'}</p>
      )}
      <div class={isDense ? `groups groups-dense groups-by-${look.value.by}` : 'groups'}>
        {arrange(found, look.value.by).map((group) => (
          <section
            key={group.key}
            class="host-group"
            aria-label={group.title ?? 'All hosts'}
            // Small groups stand side by side.
            style={{ '--members': String(group.hosts.length) }}
          >
            {group.title !== undefined && (
              <h2 class={`group-title group-${group.key}`}>
                {group.title} <span class="count">{group.hosts.length}</span>
                {look.value.by === 'state' && group.hosts.length > 2 && <small>{help[group.key]}</small>}
              </h2>
            )}
            <ul class={isDense ? 'grid grid-dense' : 'grid'}>
              {group.hosts.map((host) => (
                <HostCard
                  key={keyOf(host)}
                  host={host}
                  at={fleet.at}
                  band={fleet.cpuBand ?? usualBand}
                  isDense={isDense}
                  isStateSaid={look.value.by === 'state'}
                  isPicked={props.pickedKey === keyOf(host)}
                  pick={pick}
                />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </section>
  );
}

function Tools(props: {
  readonly look: Signal<Look>;
  readonly isDense: boolean;
  readonly text: Signal<string>;
  readonly found: number;
  readonly all: number;
}) {
  const { look, text } = props;
  const id = useId();
  return (
    <div class="tools">
      <fieldset class="choice">
        <legend>Group by</legend>
        {arrangements.map((by) => (
          <label key={by}>
            <input
              type="radio"
              name="by"
              checked={look.value.by === by}
              onChange={() => (look.value = { ...look.value, by })}
            />
            <span>{arrangementWords[by]}</span>
          </label>
        ))}
      </fieldset>
      <fieldset class="choice">
        <legend>Show as</legend>
        {[false, true].map((isDense) => (
          <label key={String(isDense)}>
            <input
              type="radio"
              name="size"
              checked={props.isDense === isDense}
              onChange={() => (look.value = { ...look.value, isDense })}
            />
            <span>{isDense ? 'Cells' : 'Cards'}</span>
          </label>
        ))}
      </fieldset>
      <div class="find">
        <label for={id}>Find</label>
        <input
          id={id}
          type="search"
          placeholder="slot, task, address, image"
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
      </div>
      <p class="found" role="status">
        {text.value.trim() !== '' && `${props.found} of ${props.all} hosts`}
      </p>
    </div>
  );
}
