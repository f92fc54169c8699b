        /* Takes the linked program in as bytes; ANCHOR_PROGRAM is its path. */
        .section .rodata
        .balign 16
        .globl anchor_program_start
        .globl anchor_program_end
        .hidden anchor_program_start
        .hidden anchor_program_end
anchor_program_start:
        .incbin ANCHOR_PROGRAM
anchor_program_end:
        .section .note.GNU-stack,"",%progbits
