/* The notification ring, written by hand for SPIN: not translated from the rules, so that a slip of the translator shows.
 * Every option is one indivisible step, so that "states, stored" is the number of reachable values of the globals.
 *   spin -a -DSIZE=4 -DBUFFERS=2 -DFORGED=0 notification_ring.pml && cc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan -m1000000
 */
#ifndef SIZE
#define SIZE 4
#endif
#ifndef BUFFERS
#define BUFFERS 2
#endif
#ifndef FORGED
#define FORGED 0
#endif
#define IDX (2 * SIZE)

byte driver, device, avail_idx, used_idx, last_avail, last_used, head, avail_event, used_event, forgeries;
byte avail_ring[SIZE], used_ring[SIZE], buffer_of[SIZE];
bit in_flight[SIZE];
bit kick, interrupt, corrupted;

#if SIZE == 4
#define NOT_POSTED(b) (buffer_of[0] != b && buffer_of[1] != b && buffer_of[2] != b && buffer_of[3] != b)
#else
#define NOT_POSTED(b) (buffer_of[0] != b && buffer_of[1] != b)
#endif

inline place(d, b) {
  d_step { driver == 0 && buffer_of[d] == 0 && NOT_POSTED(b) -> buffer_of[d] = b; head = d; driver = 1 }
}
inline finish(h) {
  d_step { device == 0 && in_flight[h] -> used_ring[used_idx % SIZE] = h; in_flight[h] = 0; device = 1 }
}
inline forge(i, v) {
  d_step { forgeries < FORGED && used_ring[i] != v -> used_ring[i] = v; forgeries++ }
}

active proctype ring() {
  byte reaped;
end:
  do
  :: place(0, 1) :: place(1, 1)
#if BUFFERS == 2
  :: place(0, 2) :: place(1, 2)
#endif
#if SIZE == 4
  :: place(2, 1) :: place(3, 1)
#if BUFFERS == 2
  :: place(2, 2) :: place(3, 2)
#endif
#endif
  :: d_step { driver == 1 -> avail_ring[avail_idx % SIZE] = head; driver = 2 }
  :: d_step { driver == 2 -> avail_idx = (avail_idx + 1) % IDX; driver = 3 }
  :: d_step { driver == 3 -> if :: (avail_idx + IDX - 1) % IDX == avail_event -> kick = 1 :: else fi; driver = 0; head = 0 }
  :: d_step { driver == 0 && used_idx != last_used ->
       reaped = used_ring[last_used % SIZE]; used_ring[last_used % SIZE] = 0; last_used = (last_used + 1) % IDX;
       if
       :: reaped >= SIZE -> corrupted = 1
       :: else -> if :: buffer_of[reaped] == 0 -> corrupted = 1 :: else -> buffer_of[reaped] = 0 fi
       fi;
       reaped = 0 }
  :: d_step { driver == 0 && interrupt -> interrupt = 0; used_event = last_used }
  :: d_step { device == 0 && last_avail != avail_idx ->
       in_flight[avail_ring[last_avail % SIZE]] = 1; avail_ring[last_avail % SIZE] = 0; last_avail = (last_avail + 1) % IDX }
  :: finish(0) :: finish(1)
#if SIZE == 4
  :: finish(2) :: finish(3)
#endif
  :: d_step { device == 1 -> used_idx = (used_idx + 1) % IDX; device = 2 }
  :: d_step { device == 2 -> if :: (used_idx + IDX - 1) % IDX == used_event -> interrupt = 1 :: else fi; device = 0 }
  :: d_step { device == 0 && kick -> kick = 0; avail_event = last_avail }
#if FORGED > 0
  :: forge(0, 0) :: forge(0, 1) :: forge(0, 2) :: forge(1, 0) :: forge(1, 1) :: forge(1, 2)
#if SIZE == 4
  :: forge(0, 3) :: forge(0, 4) :: forge(1, 3) :: forge(1, 4)
  :: forge(2, 0) :: forge(2, 1) :: forge(2, 2) :: forge(2, 3) :: forge(2, 4)
  :: forge(3, 0) :: forge(3, 1) :: forge(3, 2) :: forge(3, 3) :: forge(3, 4)
#endif
#endif
  od
}
