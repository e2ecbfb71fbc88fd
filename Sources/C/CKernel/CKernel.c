// see include/CKernel.h
