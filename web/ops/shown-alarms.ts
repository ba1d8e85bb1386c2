/** Alarms of the fleet and of the chat, in the same words. */
import type { ChatAlarm } from '../../core/chat/alarms.ts';
import type { Alarm, Subject } from '../../core/fleet/decision.ts';
import type { ShownAlarm } from './alarms.tsx';
import { chatAlarmSections, chatAlarmTitles } from './chat/chat-words.ts';
import { alarmTitle, runbookSection, shortDigest, shortTask } from './words.ts';

const subjectWords = ({ slot, taskId, hostId, digest }: Subject): string =>
  [slot, taskId && `task ${shortTask(taskId)}`, hostId, digest && `image ${shortDigest(digest)}`]
    .filter((word) => word !== undefined && word !== '')
    .slice(0, 2)
    .join(', ');

export function ofFleet({ name, subject, text }: Alarm, pick: (subject: Subject) => void): ShownAlarm {
  const isOnHost = subject.taskId ?? subject.hostId ?? subject.slot;
  return {
    name,
    title: alarmTitle(name),
    words: subjectWords(subject),
    text,
    runbook: runbookSection(name),
    ...(isOnHost === undefined ? {} : { pick: () => pick(subject) }),
  };
}

export function ofChat({ name, shard, text }: ChatAlarm, pick: (shard: string) => void): ShownAlarm {
  return {
    name,
    title: chatAlarmTitles[name],
    words: shard === undefined ? '' : `shard ${shard}`,
    text,
    runbook: runbookSection(chatAlarmSections[name]),
    ...(shard === undefined ? {} : { pick: () => pick(shard) }),
  };
}
