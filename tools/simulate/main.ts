import { writeFileSync } from 'node:fs';
import { baselines } from './baselines/all.ts';
import { help, readCommandLine, type CommandLine } from './options.ts';
import { describe, describeTotal, totalOf } from './print.ts';
import { showProgress } from './progress.ts';
import { Recorder } from './record.ts';
import { drawReport } from './report/report.ts';
import { simulate, type Outcome } from './run.ts';

async function run(command: CommandLine): Promise<boolean> {
  const say = (text: string): void => {
    if (!command.json) console.log(text);
  };
  const outcomes: Outcome[] = [];
  for (let index = 0; index < command.seeds; index++) {
    const options = { ...command.simulation, seed: command.simulation.seed + index };
    const recorder = new Recorder();
    const progress = command.quiet ? undefined : showProgress(`seed ${options.seed}`);
    const begun = process.cpuUsage();
    const outcome = await simulate(options, {
      begins: (world, start, end) => {
        recorder.begins(world, start, end);
        progress?.begins(world, start, end);
      },
      pass: (report) => recorder.pass(report),
    });
    progress?.end();
    const { user, system } = process.cpuUsage(begun);
    outcomes.push(outcome);
    const others = baselines({
      trace: outcome.trace,
      demand: outcome.demand,
      roomPoints: outcome.policy.hosts.roomPoints,
      releases: outcome.rollouts.pushes.map(({ at }) => at - outcome.start),
      seed: options.seed,
    });
    say(describe(outcome, recorder, others, (user + system) / 1e6));
    if (command.report !== undefined && index === 0) {
      writeFileSync(command.report, drawReport({ outcome, recording: recorder, others }));
      say(`report: ${command.report}`);
    }
    if (command.seeds > 1) say(JSON.stringify({ seed: options.seed, ...outcome.figures }));
  }
  const total = totalOf(outcomes);
  if (command.seeds > 1) say(describeTotal(outcomes));
  console.log(JSON.stringify(total));
  return (
    total.interrupted === 0 &&
    total.violations === 0 &&
    outcomes.every(({ failures }) => failures.length === 0)
  );
}

let command: CommandLine | undefined;
try {
  command = readCommandLine(process.argv.slice(2));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
  process.exit(2);
}
if (command === undefined) console.log(help);
else process.exitCode = (await run(command)) ? 0 : 1;
