import { fanInContract } from '../../runtime/bus/contract/fan-in.ts';
import { FakeShard } from './fake-fan-in.ts';

let made = 0;

fanInContract(() => {
  const shard = new FakeShard();
  const link = (state: 'live' | 'reconnecting'): void => {
    for (const task of shard.tasks) task.setLink(state);
  };
  return Promise.resolve({
    newBroadcast: () => Promise.resolve(`broadcast ${(made += 1)}`),
    openFanIn: () => shard.fanIn(),
    say: (broadcastId) => Promise.resolve(shard.say(broadcastId, 'hello').id),
    tell: (broadcastId, control, personId) => Promise.resolve(shard.tell(broadcastId, control, personId)),
    order: (order) => Promise.resolve(shard.order(order)),
    cut: () => link('reconnecting'),
    mend: () => link('live'),
    close: () => Promise.resolve(),
  });
});
