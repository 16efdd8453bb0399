/** The seats of all people after person `who` took `seat`: a microphone has one person at most; "" is no seat. */
export function moved(seats: string[], who: number, seat: string): string[] {
  return seats.map((other, person) => (person === who ? seat : other === seat ? "" : other));
}
