package vit.kernels.simd;

import java.lang.classfile.Annotation;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ConvertInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The rules of docs/jit-rules.md that bytecode shows, checked over a class. It names no kernel, so a new kernel is checked without being registered. */
final class VectorCode {

    private static final String VECTORS = "jdk/incubator/vector/";
    private static final String OPERATORS = VECTORS + "VectorOperators";

    /** HotSpot compiles no method with more bytecodes than this (HugeMethodLimit). */
    private static final int MOST_BYTECODES = 8000;

    /** C2 inlines no method with more bytecodes than this, however often it is called (FreqInlineSize). */
    private static final int MOST_INLINED_BYTECODES = 325;

    /** Operations whose bits depend on the compiler, because code that C2 has compiled calls a library for them. */
    private static final Set<String> LIBRARY_FUNCTIONS = Set.of("SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN", "SINH", "COSH", "TANH", "ATAN2", "POW",
            "EXP", "EXPM1", "LOG", "LOG10", "LOG1P", "CBRT", "HYPOT");

    /** Reductions whose result does not depend on the order of the lanes. */
    private static final Set<String> ORDERLESS = Set.of("MAX", "MIN", "AND", "OR", "XOR");

    private final MethodModel method;
    private final String name;
    private final List<CodeElement> code;
    private final List<int[]> loops = new ArrayList<>();
    private final List<String> violations = new ArrayList<>();

    private VectorCode(ClassModel type, MethodModel method, CodeModel code) {
        this.method = method;
        this.name = type.thisClass().name().stringValue().replace('/', '.') + "." + method.methodName().stringValue();
        this.code = code.elementList();
        Map<Label, Integer> places = new HashMap<>();
        for (int i = 0; i < this.code.size(); i++) {
            if (this.code.get(i) instanceof LabelTarget target) {
                places.put(target.label(), i);
            } else if (this.code.get(i) instanceof BranchInstruction branch && places.containsKey(branch.target())) {
                loops.add(new int[] {places.get(branch.target()), i});
            }
        }
    }

    /** Returns a sentence for each rule that a method of the class breaks. */
    static List<String> violations(byte[] classFile) {
        List<String> violations = new ArrayList<>();
        ClassModel type = ClassFile.of().parse(classFile);
        for (MethodModel method : type.methods()) {
            method.code().ifPresent(code -> violations.addAll(new VectorCode(type, method, code).check(code)));
        }
        return violations;
    }

    private List<String> check(CodeModel model) {
        boolean passesVectors = method.methodType().stringValue().contains(VECTORS);
        boolean loopsOverVectors = usesVectors(true);
        int size = model instanceof CodeAttribute attribute ? attribute.codeLength() : 0;
        marks(passesVectors, loopsOverVectors && !passesVectors);
        if (passesVectors && size > MOST_INLINED_BYTECODES) {
            say(size + " bytecodes, and C2 inlines at most " + MOST_INLINED_BYTECODES + ": its vectors would be boxed");
        }
        if (usesVectors(false) && size > MOST_BYTECODES) {
            say(size + " bytecodes, and HotSpot compiles at most " + MOST_BYTECODES);
        }
        operations();
        if (loopsOverVectors) {
            segments();
            accumulators();
        }
        return violations;
    }

    private void say(String rule) {
        violations.add(name + ": " + rule);
    }

    private boolean usesVectors(boolean inLoop) {
        for (int i = 0; i < code.size(); i++) {
            if (code.get(i) instanceof InvokeInstruction call && isVectorCall(call) && (!inLoop || isInLoop(i))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isVectorCall(InvokeInstruction call) {
        return call.owner().asInternalName().startsWith(VECTORS) || call.type().stringValue().contains("L" + VECTORS) && !call.owner().asInternalName().startsWith("java/");
    }

    private boolean isInLoop(int place) {
        return loops.stream().anyMatch(loop -> loop[0] <= place && place <= loop[1]);
    }

    private void marks(boolean helper, boolean loop) {
        if (isMarked(VectorHelper.class) != helper) {
            say(helper ? "takes or returns vectors and is not marked @VectorHelper" : "is marked @VectorHelper and passes no vectors");
        }
        if (isMarked(VectorLoop.class) != loop) {
            say(loop ? "loops over vectors and is not marked @VectorLoop" : "is marked @VectorLoop and has no vector code in a loop");
        }
    }

    private boolean isMarked(Class<?> mark) {
        for (Annotation annotation : method.findAttribute(Attributes.runtimeInvisibleAnnotations()).map(a -> a.annotations()).orElse(List.of())) {
            if (annotation.classSymbol().descriptorString().equals(mark.descriptorString())) {
                return true;
            }
        }
        return false;
    }

    private void operations() {
        String operator = null;
        for (CodeElement element : code) {
            if (element instanceof FieldInstruction field && field.owner().asInternalName().equals(OPERATORS)) {
                operator = field.name().stringValue();
                if (LIBRARY_FUNCTIONS.contains(operator)) {
                    say("lanewise " + operator + " has other bits compiled than interpreted");
                }
            } else if (element instanceof InvokeInstruction call && call.owner().asInternalName().startsWith(VECTORS)
                    && call.name().stringValue().equals("reduceLanes") && !ORDERLESS.contains(String.valueOf(operator))) {
                say("reduceLanes " + operator + " has no defined order");
            }
        }
    }

    /** Finds segments that are parameters and are used as they are: C2 does not know their class. */
    private void segments() {
        boolean given = method.methodType().stringValue().contains("Ljava/lang/foreign/MemorySegment;");
        boolean accessed = calls("fromMemorySegment") || calls("intoMemorySegment");
        if (given && accessed && !calls("offHeap") && !calls("segment")) {
            say("reads or writes a segment that did not pass through Tensor.offHeap");
        }
    }

    private boolean calls(String called) {
        return code.stream().anyMatch(element -> element instanceof InvokeInstruction call && call.name().stringValue().equals(called));
    }

    /** Follows which local variable each value on the operand stack was loaded from, and finds {@code acc = acc.add(x)} in a loop. */
    private void accumulators() {
        Deque<Integer> stack = new ArrayDeque<>();
        int receiver = -1;
        for (int i = 0; i < code.size(); i++) {
            CodeElement element = code.get(i);
            int called = -1;
            switch (element) {
                case LoadInstruction load -> stack.push(load.slot());
                case StoreInstruction store -> {
                    pop(stack);
                    if (receiver == store.slot() && isCarried(store.slot(), i)) {
                        say("the accumulator in local variable " + store.slot() + " is the receiver of its operation: make it an argument");
                    }
                }
                case ConstantInstruction _ -> stack.push(-1);
                case ArrayLoadInstruction _ -> replace(stack, 2, 1);
                case ArrayStoreInstruction _ -> replace(stack, 3, 0);
                case ConvertInstruction _ -> replace(stack, 1, 1);
                case OperatorInstruction operator -> replace(stack, isUnary(operator.opcode()) ? 1 : 2, 1);
                case FieldInstruction field -> replace(stack, field.opcode() == Opcode.GETSTATIC ? 0 : 1, 1);
                case InvokeInstruction call -> called = invoke(stack, call);
                case LabelTarget _, BranchInstruction _ -> stack.clear();
                default -> { }
            }
            receiver = called;
        }
    }

    /** Whether a loop around this place reads the variable before it writes it, so that an iteration sees the value of the one before. */
    private boolean isCarried(int slot, int place) {
        for (int[] loop : loops) {
            if (loop[0] <= place && place <= loop[1]) {
                for (int i = loop[0]; i <= loop[1]; i++) {
                    if (code.get(i) instanceof LoadInstruction load && load.slot() == slot) {
                        return true;
                    }
                    if (code.get(i) instanceof StoreInstruction store && store.slot() == slot) {
                        break;
                    }
                }
            }
        }
        return false;
    }

    /** Takes the arguments from the stack, and returns the variable that the receiver of a vector operation came from, or -1. */
    private static int invoke(Deque<Integer> stack, InvokeInstruction call) {
        replace(stack, call.typeSymbol().parameterCount(), 0);
        int receiver = call.opcode() == Opcode.INVOKESTATIC ? -1 : pop(stack);
        boolean isVector = call.typeSymbol().returnType().descriptorString().startsWith("L" + VECTORS);
        if (!call.typeSymbol().returnType().descriptorString().equals("V")) {
            stack.push(-1);
        }
        return isVector && call.owner().asInternalName().startsWith(VECTORS) ? receiver : -1;
    }

    private static boolean isUnary(Opcode opcode) {
        return opcode == Opcode.INEG || opcode == Opcode.LNEG || opcode == Opcode.FNEG || opcode == Opcode.DNEG || opcode == Opcode.ARRAYLENGTH;
    }

    private static void replace(Deque<Integer> stack, int taken, int pushed) {
        for (int i = 0; i < taken; i++) {
            pop(stack);
        }
        for (int i = 0; i < pushed; i++) {
            stack.push(-1);
        }
    }

    private static int pop(Deque<Integer> stack) {
        return stack.isEmpty() ? -1 : stack.pop();
    }
}
