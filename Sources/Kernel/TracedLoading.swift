/// How far a traced process is on its way from its exec, which on the host is the loader's, to its own program.
///
/// A tracer that resumes or looks at its tracee there is made to bring it to the program's first instruction first, so
/// that a debugger finds at the stop of an exec what it finds natively: the program and its interpreter, mapped.
enum TracedLoading {
    /// The exec was let through. The next stop is the exec's.
    case executed
    /// The tracer let it run on to the way out of its exec.
    case leavingExec
    /// Its tracer is being made to bring it through the loader.
    case driven
}
