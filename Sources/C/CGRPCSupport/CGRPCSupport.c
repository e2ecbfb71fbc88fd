// see include/CGRPCSupport.h
