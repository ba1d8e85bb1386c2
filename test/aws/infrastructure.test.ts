import { infrastructureContract } from '../lambda/scheduler/contract/infrastructure.ts';
import { setStage, useEmulatedAws } from './stage.ts';

const aws = useEmulatedAws();

infrastructureContract(async () => {
  const stage = await setStage(aws());
  const images = new Map<string, string>();
  for (const content of ['second', 'first']) images.set(await stage.stack.release(content), content);
  const [second = '', first = ''] = [...images.keys()];
  return {
    infrastructure: stage.infrastructure,
    slots: ['in-01', 'in-02'],
    digests: [first, second],
    maxHosts: 4,
    settle: () => stage.settle(),
    release: async (digest) => {
      await stage.stack.release(images.get(digest) ?? 'an image that was never pushed');
    },
    close: () => {
      stage.close();
      return Promise.resolve();
    },
  };
});
