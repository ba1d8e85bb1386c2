/** A process that is to be killed while its ffmpeg works: it prints ffmpeg's process id and goes on. */
import { generateMessages } from '../../../streams/messages.ts';
import { Recording } from './recording.ts';

const recording = new Recording();
await recording.feed(await generateMessages({ seconds: 3 }));
await recording.until(() => recording.fragmentCount >= 2);
console.log(recording.encoding.pid);
setInterval(() => undefined, 1_000);
