/* What the second unit of the C tests says, so that two units with the headers are one program. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint32_t second_unit_abi_version(void);
size_t second_unit_completion_bytes(void);

/* Removes a folder of files. */
void remove_folder(const char* path);
