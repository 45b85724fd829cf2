/** What the engine measured, by kernel and phase, and as a trace that Perfetto and chrome://tracing can open. */
import type { StepLabel } from '../plan/index.ts';
import type { RawProfile } from './engine.ts';

/** prefill: passes over several rows of a sequence, which prompts are; decode: over one row of each sequence. */
export type Phase = 'prefill' | 'decode';

/** All calls of one kernel in one phase. Bytes are those read; a multiply-add is two operations. */
export interface KernelProfile {
  /** The operation, and the dtype of its matrix: "MATMUL q8_0". SAMPLE: drawing and log-probabilities. */
  kernel: string;
  phase: Phase;
  calls: number;
  /** Rows over all calls. */
  rows: number;
  /** Measured on the engine's leading thread; it includes waiting for the other threads. */
  ms: number;
  weightBytes: number;
  /** Values, keys and position tables. */
  activationBytes: number;
  flops: number;
  /** Billions a second; 0 where nothing was measured. */
  gflopsPerSecond: number;
  gigabytesPerSecond: number;
}

/** Passes over the model; they take longer than their kernels together, because rows have to be laid out. */
export interface PassProfile {
  phase: Phase;
  passes: number;
  rows: number;
  ms: number;
}

/** Trace Event Format: complete events ("X"), microseconds since the model was loaded. */
export interface TraceFile {
  displayTimeUnit: 'ms';
  otherData: { droppedEvents: number };
  traceEvents: TraceEvent[];
}

export type TraceEvent = TraceName | TraceCall;

/** What the process or thread is called. */
export interface TraceName {
  name: string;
  ph: 'M';
  pid: number;
  tid: number;
  args: { name: string };
}

export interface TraceCall {
  /** A pass: prefill, decode; a call: `layers.3 mlp.down_proj`, or its kernel where the names of weights do not tell. */
  name: string;
  cat: Phase;
  ph: 'X';
  pid: number;
  tid: number;
  ts: number;
  dur: number;
  /** Of a call: kernel, rows, bytes, flops, gflopsPerSecond. */
  args: Record<string, number | string>;
}

export interface Profile {
  passes: PassProfile[];
  /** Ordered by time, the longest first. */
  kernels: KernelProfile[];
  /** Calls that {@link trace} does not have: it keeps the first 100,000. */
  droppedEvents: number;
  trace(): TraceFile;
}

const phases = ['prefill', 'decode'] as const;
const TOTAL_FIELDS = 6;
const EVENT_FIELDS = 8;

/** @param labels the part of the model that each step of the program belongs to; empty where that is not known */
export function readProfile(raw: RawProfile, labels: readonly StepLabel[] = []): Profile {
  return {
    passes: phases.map((phase, p) => {
      const [passes, rows, ns] = raw.passes.subarray(3 * p, 3 * p + 3);
      return { phase, passes: passes!, rows: rows!, ms: ns! / 1e6 };
    }),
    kernels: readKernels(raw),
    droppedEvents: raw.dropped,
    trace: () => readTrace(raw, labels),
  };
}

function readKernels({ names, totals }: RawProfile): KernelProfile[] {
  const kernels = new Map<string, KernelProfile>();
  for (const [p, phase] of phases.entries()) {
    for (const [i, kernel] of names.entries()) {
      const at = (p * names.length + i) * TOTAL_FIELDS;
      const [calls, rows, ns, weightBytes, activationBytes, flops] = totals.subarray(at, at + TOTAL_FIELDS);
      if (calls === 0) continue;
      const key = `${phase} ${kernel}`;
      const sum = kernels.get(key) ?? emptyKernel(kernel, phase);
      kernels.set(key, sum);
      sum.calls += calls!;
      sum.rows += rows!;
      sum.ms += ns! / 1e6;
      sum.weightBytes += weightBytes!;
      sum.activationBytes += activationBytes!;
      sum.flops += flops!;
    }
  }
  const all = [...kernels.values()];
  for (const one of all) {
    one.gflopsPerSecond = perSecond(one.flops, one.ms);
    one.gigabytesPerSecond = perSecond(one.weightBytes + one.activationBytes, one.ms);
  }
  return all.sort((a, b) => b.ms - a.ms);
}

function emptyKernel(kernel: string, phase: Phase): KernelProfile {
  const zero = { calls: 0, rows: 0, ms: 0, weightBytes: 0, activationBytes: 0, flops: 0 };
  return { kernel, phase, ...zero, gflopsPerSecond: 0, gigabytesPerSecond: 0 };
}

/** Billions a second. */
function perSecond(count: number, ms: number): number {
  return ms > 0 ? count / ms / 1e6 : 0;
}

function readTrace({ names, events, dropped }: RawProfile, labels: readonly StepLabel[]): TraceFile {
  const thread = { pid: 1, tid: 1 };
  const traceEvents: TraceEvent[] = [
    { name: 'process_name', ph: 'M', ...thread, args: { name: 'ggma' } },
    { name: 'thread_name', ph: 'M', ...thread, args: { name: 'engine' } },
  ];
  // In the trace, a pass encloses its calls: it lasts from the start of the first to the end of the last.
  let pass: TraceCall | null = null;
  for (let at = 0; at < events.length; at += EVENT_FIELDS) {
    const [name, p, number, rows, start, ns, bytes, operations] = events.subarray(at, at + EVENT_FIELDS);
    const phase = phases[p!]!;
    const ts = start! / 1000;
    const dur = ns! / 1000;
    const call = (title: string, args: TraceCall['args']): TraceCall => {
      return { name: title, cat: phase, ph: 'X', ...thread, ts, dur, args };
    };
    if (pass === null || pass.args.pass !== number) {
      pass = call(phase, { pass: number!, rows: rows! });
      traceEvents.push(pass);
    }
    pass.dur = ts + dur - pass.ts;
    const gflopsPerSecond = perSecond(operations!, ns! / 1e6);
    const kernel = names[name!]!;
    traceEvents.push(
      call(titleOf(kernel, labels[name!]), {
        kernel,
        rows: rows!,
        bytes: bytes!,
        flops: operations!,
        gflopsPerSecond,
      }),
    );
  }
  return { displayTimeUnit: 'ms', otherData: { droppedEvents: dropped }, traceEvents };
}

/** `layers.3 mlp.down_proj`; `layers.3 ATTENTION` for a step without a weight. */
function titleOf(kernel: string, label: StepLabel | undefined): string {
  if (!label || (label.layer === '' && label.part === '')) return kernel;
  return [label.layer, label.part || kernel].filter((text) => text !== '').join(' ');
}
