// What C++ does behind one's back.
#include <stdexcept>
#include <string>
#include <vector>

static int heavy() { return 42; }

extern "C" {
long grow_vector() {
    std::vector<int> v;
    for (int i = 0; i < 100; i++) v.push_back(i);
    return v[99];
}
long make_string() { return (long)std::string(100, 'x').size(); }
long plain_new() {
    int *volatile p = new int(3);
    long r = *p;
    delete p;
    return r;
}
long throw_and_catch() {
    try {
        throw std::runtime_error("x");
    } catch (const std::exception &) {
        return 1;
    }
}
long lazy_static() {
    static int value = heavy();
    return value;
}
}
