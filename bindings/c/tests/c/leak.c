/* Forgets a handle: `cargo xtask c` wants valgrind to notice. */
#include "espprov.h"

int main(void) {
    EspprovConfig config = {.size = sizeof config};
    return espprov_new(&config) == NULL;
}
