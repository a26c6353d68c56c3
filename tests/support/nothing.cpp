// A program that does nothing, to hold what is precompiled for others.
int main() {}
