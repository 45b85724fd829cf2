/**
 * Dates as Python's `strftime` writes them in the C locale: chat templates call `strftime_now('%d %B %Y')`.
 * Local time, because transformers uses `datetime.now()`.
 */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
const shortYear = (date: Date): string => pad(date.getFullYear() % 100);
const hour12 = (date: Date): number => date.getHours() % 12 || 12;

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1);
  return 1 + Math.round((Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / 86_400_000);
}

const directives: Readonly<Record<string, (date: Date) => string>> = {
  a: (date) => DAYS[date.getDay()]!.slice(0, 3),
  A: (date) => DAYS[date.getDay()]!,
  b: (date) => MONTHS[date.getMonth()]!.slice(0, 3),
  B: (date) => MONTHS[date.getMonth()]!,
  d: (date) => pad(date.getDate()),
  H: (date) => pad(date.getHours()),
  I: (date) => pad(hour12(date)),
  j: (date) => pad(dayOfYear(date), 3),
  m: (date) => pad(date.getMonth() + 1),
  M: (date) => pad(date.getMinutes()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  S: (date) => pad(date.getSeconds()),
  w: (date) => String(date.getDay()),
  y: shortYear,
  Y: (date) => String(date.getFullYear()),
  D: (date) => strftime(date, '%m/%d/%y'),
  F: (date) => strftime(date, '%Y-%m-%d'),
  T: (date) => strftime(date, '%H:%M:%S'),
  '%': () => '%',
};

/** `%-d` drops leading zeros, as the C library of Linux does. A directive that is not in the table stays as it is. */
export function strftime(date: Date, format: string): string {
  return format.replaceAll(/%(-?)([A-Za-z%])/g, (whole, dash: string, name: string) => {
    const write = Object.hasOwn(directives, name) ? directives[name] : undefined;
    if (write === undefined) return whole;
    const text = write(date);
    return dash === '' ? text : text.replace(/^0+(?=\d)/, '');
  });
}
