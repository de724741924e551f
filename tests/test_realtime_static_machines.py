"""Machine code of other systems: a driver in C, built once for macOS (both processors) and for Linux on arm64.

Zig 0.17 compiled it and LLVM's ld64 22 linked the Mach-O files (MH_BUNDLE, chained fixups), so that every machine
that runs the tests reads what a Mac would load. The ELF file is stripped: its functions are known from its
unwinding table only. BAD is the same source with -DMALLOC -DRECURSION -DSTACK -DSPIN.
"""

import base64
import zlib

import pytest

from tympan.bundle.realtime import check_realtime, image, render, walk
from tympan.bundle.realtime.facts import Facts
from tympan.bundle.realtime.tables import ENTRIES

SOURCE = r"""
typedef unsigned int u32; typedef unsigned long u64;
extern void *malloc(u64); extern void *memcpy(void *, const void *, u64); extern float sinf(float);
extern u64 mach_absolute_time(void);
struct shape { float (*shape)(float); };
struct buffer { const float *in; float *out; u64 frames; int mode; };
static float *scratch; static int ready;
static __attribute__((noinline)) float same(float x) { return x; }
static __attribute__((noinline)) float half(float x) { return x / 2; }
static float (*const SHAPES[2])(float) = {same, half};
static __attribute__((noinline)) float *grow(u64 n) {
#ifdef MALLOC
    return malloc(n * 4);
#else
    return scratch + n;
#endif
}
static __attribute__((noinline)) float fold(const float *x, u64 n) {
#ifdef RECURSION
    return n < 2 ? *x : fold(x, n / 2) * fold(x + n / 2, n - n / 2);
#else
    float sum = 0;
    for (u64 i = 0; i < n; i++) sum += x[i];
    return sum;
#endif
}
static __attribute__((noinline)) float choose(int mode, float x, float y) {
    switch (mode) {
    case 0: return x + y;
    case 1: return x * y;
    case 2: return sinf(x) - y;
    case 3: return x * x * y;
    case 4: return sinf(y) * x;
    case 5: return y * y - x;
    case 6: return sinf(x + y);
    default: return 0;
    }
}
static __attribute__((noinline)) void process(struct buffer *b) {
#ifdef STACK
    volatile float big[40000];
    for (u64 i = 0; i < b->frames; i++) big[i % 40000] = b->in[i];
    b->out[0] = big[b->frames % 40000];
#endif
#ifdef SPIN
    while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE)) {}
#endif
    scratch = grow(b->frames);
    for (u64 i = 0; i < b->frames; i++) b->out[i] = choose(b->mode, SHAPES[i & 1](b->in[i]), 2);
    b->out[0] = fold(b->out, b->frames);
}
static int none(void) { return 0; }
static int stamp(void *d, u32 id, u32 client, double *sample, u64 *host, u64 *seed) {
    ready = (int)id; *sample = 0; *host = mach_absolute_time(); *seed = 1; return 0;
}
static int operate(void *d, u32 id, u32 s, u32 c, u32 op, u32 frames, const void *cycle, void *main, void *second) {
    struct buffer b = {main, main, frames, (int)op};
    process(&b);
    return 0;
}
static const void *const TABLE[23] = {0, none, none, none, none, none, none, none, none, none, none, none, none, none,
    none, none, none, none, stamp, none, none, operate, none};
static const void *const *const REF = TABLE;
__attribute__((visibility("default"))) const void *TympanFactory(void) { return &REF; }
"""


@pytest.fixture(params=["arm64-macho", "x86_64-macho", "arm64-elf"])
def kind(request):
    """A processor and a file format."""
    return request.param


def unpacked(name, folder):
    """The file of one fixture."""
    path = folder / name
    path.write_bytes(zlib.decompress(base64.b64decode(FIXTURES[name])))
    return path


def test_good_driver_passes(kind, tmp_path):
    report = check_realtime(unpacked(f"{kind}-GOOD", tmp_path))
    assert report.ok, render.as_text(report)
    (proof,) = report.proofs
    assert (proof.machine, proof.system) == (
        kind.partition("-")[0],
        {"macho": "Mach-O", "elf": "ELF"}[kind.partition("-")[2]],
    )
    assert proof.roots == list(ENTRIES.values()), "the table stands in the data, filled by the loader"
    assert set(proof.externals) == {"mach_absolute_time", "sinf"}
    assert len(proof.functions) >= 8, "the constant table of functions was followed"
    assert max(proof.stacks.values()) < 512


def test_bad_driver_is_caught(kind, tmp_path):
    report = check_realtime(unpacked(f"{kind}-BAD", tmp_path))
    found = {item.rule: item for item in report.offences}
    assert set(found) == {"external", "recursion", "stack", "loop"}
    assert "calls malloc, which allocates memory" in found["external"].sentence
    assert "calls itself" in found["recursion"].sentence
    assert "has a stack frame of 156 KB" in found["stack"].sentence
    assert "only another thread changes" in found["loop"].sentence
    assert len(found["external"].chain) == 3, "from the entry over process to grow"
    if kind.endswith("macho"):
        assert [name for name, _, _ in found["external"].chain] == ["operate", "process", "grow"]


def test_jump_tables_between_instructions(tmp_path):
    """LLVM puts x86-64's into the text section of Mach-O files; LC_DATA_IN_CODE says where."""
    (part,) = image.read(unpacked("x86_64-macho-GOOD", tmp_path))
    assert part.islands
    part.islands = []
    findings = walk.Walk(part, Facts()).findings
    assert any(item.rule == "unreadable" for item in findings), "without the list it would be read as instructions"


def test_code_key_tells_machines_apart(tmp_path):
    keys = {image.read(unpacked(name, tmp_path))[0].code_key() for name in FIXTURES}
    assert len(keys) == len(FIXTURES)


FIXTURES = {
    "arm64-macho-GOOD": (
        "eNrtnW9oHNUWwM/M7G6mdRtHWTVqupmkMd2t1cR2W1fw0d26iQkNTdJMTXhIxu0maYLdbLK7fU2bYNcXfU8pSBOKFERoVagbWohSPyitthVF7R"
        "OtqI8nqBWK1j/1GcyrppjEc3fuZCfT5CmIiHB+cDj3zLn3zLnn3jv7KbnvXLow7QYQAJFRlqB8JwE8DAbXowTRq+tadasGlxOa33ZykfhjXU93"
        "9Kfz3ezxqhyG9kh5W7TGdUDGaup6Kr19S2rBeJECQxdZbGs8GeMx2z07fnvPju6edr27pzMxT7x7ebyIkrdFWBhWt/O5OJGwFtbvatjYrM2p1w"
        "Ja4sJiK7nxWxPpOfOeP55iqb9k6e+y5aXrsURPKr1gPIXHe5f7FVu8+ea5fzaOxZGxzS8zd5w5T2E2jy2p1GXzvDyebIthIsyTV20uTn3dxg3V"
        "kTpzLU9w5Zwb17QFW6wA9lB4v35Uq7ndnzH2lsj32AG0b0Z93xDAGOorUBp5DB8XFtcP/3/fNA6xrX45N/L31NdHPt68+bbIwf7rVzxetqpuFT"
        "5TZ3Nmu7kw12YxZOFaqOB7Y2/G0H5uH+DzXspt5SHMW4Bf5lNBKVGlD05I+odYik1MTzS8nJ0aELJTd8Hw95JzdEJyjO4GmHwJYB8eskkf9utC"
        "zfpPDYSzEw2nnmXjZl6FM1MDYnZqCIa/KIHsecm54vwVMHlut+Q/K8EwLsk+Y8z6LPYdZmMuthzH8fguPu57CUY9cmjyrOQZ9WJ/XPO9WIBJTY"
        "Sj10Dmvcd5vukbQi8+K4ZG3tjV9WO3GJpUd24/BsK6D9k4D45L/yOUzexac+wFFwy/IgpfD03PaLi/PALGSLuM+GuN+Rxn+Uw0hLMXW17NzYPF"
        "f+MDqRUWwR5mC8UHNsI5SJTI0HdEAK1EgT63BFqZXOpd7yvznr+4f5N84VBSEpZ7S+VlXtWtekvc0BdCzcbjOwIlDujDDa6xGGERtKmBV7JTWB"
        "O1+ODGrZiHoFR5wVfqnRo4aeTggT6VvasI+k4CaKCoXtWneu/FOZjt3JopZV4Ilubaqs/Q2P/oOgXGT+E4GefLcg+xcaiZf10Ixv9u8eEe8vgd"
        "D4z4vhkcWZyBYfbsZmyHF+0+ssxR3Fbu8LTd5HC31WD7bmw3Yrup7tTh1a7itoDL07bG5W67B9st2G7FNpsH+G5CKUdZhoI5+tj8lqNUoNyGsg"
        "YlgLIaZRVKEOV2lLXe+8MwXvrTjLYO5K9Zzfy49l9J8qhv4oGROkE+vVhevCfsPHlnGeazDPMpd5jvzL/PfxU899m0EeMsztUP8mlZlvcI1aFj"
        "rK/fCeMHZ2Y0Vo/cGisrvSAb9avCPafgngKxxGi7jDY7TsX8LK7kx2dl/vwz5cA95sB+DvZ7FwEu5m8N/8a5oSD3/cj9PuKjejzueHxF3JxQLo"
        "Dw/q85twRBEARBEARBEARBEARBEARBEARBEARBEARBEARBEARBEARBEARBEARB/MlQMgLXRSGm1VnPnbk/Rlb+cB1Z4PmgzQ4UGDpYQKtKEARB"
        "EARBEARBEARBEARBEARBEARBEARBEARBEARBEARBEARBEARBEARBEARB/LlQwbirvBWMS4mt1wmbd5EX2cbk7JCYv9+dj5tm4gPQ49FYlx7dkk"
        "ps257u0NPd8Q7QU909nbOddW1nvDfaUxONpRPJnXC1BGMyoLjlYGCfoIwJYyK+/J/Ytd3y3idROi0ZsnwrnPl769mf/ZcL5v8tMHIqh/y98Uu4"
        "P2LzB7nfw/2DNn+A+5dy/5jNv4/7K8z4zrl+hfvZ/c8VLpi9d34Nz/9dnv9f+HjNNn6Mj6/mfodrrr+Kl2QD9wcK5vrNdWzi/qDN7+b+Fp5PEc"
        "+njfevcszfn9ntlg3D1qPQth6FlvVYwm2z/h5um/Veym2zvhVmf2e+foW2+hXa6ldoqV81t816beC2WZ8mbpv1aOHxrPO/0jL/uDHnaXO+D9ps"
        "P8oKi1ZB31RdA3pPoocdgHQ03gt6orcjGU2j3ZtMxDpSKdC3JhM70B3Dx7Eu0Jtrw43VzaDHuhKJFPbrTGxrR3eUHaKu6LZO0LXw+vpqsJ2hhQ"
        "9dZTreW5lM91d2dvdXtie7/9aRvDU292n81gTme+kT9wmc0ZjlM5A76vgcl1bYD+xQirll7uefDMYigIcUVZzdFr9A/qMRTcbXBm5heSduubuh"
        "IWLv+b83b9xx9Gn5rae/Pfd2U33gYO3Yocnr1GtfK90rbi16qrLqyO7Dz7cmXv+y84Tj32fO3C82tDpnBo8O7nr4o+N7ah9deei3+pv/VXb7D8"
        "ub+4fCtSM1S/7rckmjPy3eHO87fODjS+nDNcO/9/uzd1z5XSimau9dyI5//kxjYdNj9zxx3X8eeedCsPN0MPrXl38GTElmjg=="
    ),
    "arm64-macho-BAD": (
        "eNrtnX9sFHUWwN/M7JahbOt6raQqtzuFxmttaXu255EcibulNVUr1bJo412cLtvW3dh22t0BKUXZBFDuQMNynqIkCv4h3SoXcmIELFI8jogmai"
        "Hgr8sdXtRroxwK1dx6bPfed+e77XRojz8uxhjfJ/nmO2/ej+977zs//tqdd749O+4AEACRceTg+FIC2AgGV+NYhFpV9dU1++BSPNPLdj4kflpV"
        "9bbV+qSZNV6lzZjPiJOyaI5rg6hZVNWIvnJFZMZ4zlnGXGSSzfFkjMdyc0z4r+x6INTVqoa62rVp4lXzePXOSVmEmWF9G0nHqfX6vOqSxqXLfF"
        "P6NcMs8cFiO9P+92n6lLqnj1dg6r9kss+y5KWqAa0ros8Yr4DHe5frCyzxpqtz+0QckyJqqS861S9TpzCRx4pI5JI6L43ntMTIIEyTV306TsMt"
        "S2+rq70ls5dDlsZEp8qCJVY1Wji5HTOt4nI0avRc5L3vR7kc553rjSXm4LiDx7ieDxa3FP53Pzetv3TPGNfydRoaao8uX/7z2l0fPPPXZ1c999"
        "QNeE6ZyJldzbnpY3Y7ycJcuI73bHvUmEu43M/r/imXWzZg7gJcFs/fBadbkU4NSepp7EITm8caX4sn+4R4cgnELkj2gTHJNoC93yoIcGAdQOIF"
        "gMejIiSK0T6IM/NL9nnjY42v9zP/1J9hONknxpPrIfZPN8RHJPv1I3Mg8ck6qeSMBDF8jjxu+NTE0TbGfC5qg/Fv7hYwBvr1SfEknk896xlOSb"
        "bhCxIMyLInESrZfOK4c/f54wffPx9/9LPzsgj7siF64n7Rk/gC4551P7ZtT+rw+X9J8kDjg8d3nEvefrKlzjN47sGcHdFQxeCtdohtuRJib9vh"
        "KyGV8s1GmxK0yd70+6biXdk7RjGG0hscDGZ5Etj0Q/2npHRvZh85vH80larWsz2JM1L+QCHmz/qBD8SED3O4CnOY+5HRR/0az4F+0bPtjTXBf4"
        "cwL6V35SAIN51mflehn/6wJx5d84vBl7MgdlgUPl8/nvLh9ZMvYAw9y4j/S6O/h7D+GNYfS/Ytwb7UYH+88Yva0XSPYeyhkw3Mb97OpfAJaG4Z"
        "evYI4HM7occhgW++XOiqKZ7vGvlme5N8dndYEn7mKpQXuBSH4nI7oMeDM4uD61S7bdCDF7GPxfCK4Ev2HY4nWS/m7Vp6I+YiOCtdUFzoSvYdSa"
        "/tzoceha1VAD1HAHzgVFxKseLCeyE/c5zO0TnfBYsK08dKsTHfZIOvgswHPIeYPLpgsNO671UXvSfHcM+/loSBj6W8gQup1JMy1hnNztu8S8x7"
        "6xzKMFtxmfsyuuBoB4vHhuAsc4FsrFeJ++TEfQDRbRxnmY6zjWN2m8zj77fKzPsLJt4HbLJJAtjycEZbG3uX1fPnUea9VM+fAw5865bxGPloi4"
        "UKm1C1Hx2HBBC6RRDfFYEgCIIgCIIgCIIgCIIgCIIgCIIgCIIgCIIgCIIgCIIgCIIgCIIgCIIgiB8dzqjAZ5HPiofNyoTF4vTv853f+1w7w/kN"
        "FhlmGbNtFu0uQRAEQRAEQRAEQRAEQRAEQRAEQRAEQRAEQRAEQRAEQRAEQRAEQRAEQRAEQRAE8cNAAeNb5b+Bqd9kZ9j4XGDxScsecfL77txvnI"
        "1iHIsA1E5/IKj6V0S0jpV6m6qHOtvYuY4OLQBqJNTVnnZSfb2d3f6um/0BXQv3wk8k2CsDDofsqd4rynuFFpbDEzhaTeu/iKPdlCn734Lr7JPf"
        "r2c/+y8SMv9bYORWhEPm9jlcX2vRZ8rJZ/HYh9ijhnwtt99gsa/m9kVcv9+ir+QpLuT6Efv0+VTx9WS+3mJez/s8oVru/6XFfy/3b+D6nVlT9S"
        "1c38T1MGuqPrO/zVxvs+gdXH8vz0fh+bRx+0rb9PZMbjVdSGx/ci37k2vanxwuZ/aD9T/X0v9cU/+LuJzp90IuZ/pbxf3N/cy19DPX1M8GLmf6"
        "18TlTL+auZzpz708nrkfV5j6oRs9GM/Uv8kib7XIpTjKeB3mYwXUprqbQe3SuvDmiej+zm5Qw23+1l5Qte62sF/H091hLdAWiYB6X1h7AK0CeD"
        "oQBHVZvfeOumWgBoKaFkG7dq2jFdV+dh8G/R3toPq8NQ11YLkFL3/fVuid3RVhfXVFe2h1RWs4tKotXB6YerazXGN1ffs3xxBWutP0WCng58X0"
        "p85FG7s42OUR5G1mzMadblHEicvpMkw+hPzhzhurF7ICtIU13loou3PVXa/+etutxw48X/nYxg8eWnvq5L57Ds49vfyZ4bcKdjy/Zc+6F//UrB"
        "0bbR+yvTc8fL/Y2GxPrd23ds3GDw9trv9t2e7/V1/6xNN5r/xu+7GX/EsiwQv/ePqj/zxy4i+fX7G4KnDwrvgf3pz/Xa//WcmnA6+XJuzvvXHx"
        "1B9Ly7vHX3sUfvVpubRi65byOUNbcv4Ldm+uvA=="
    ),
    "x86_64-macho-GOOD": (
        "eNrtW0FsG0UUnbXXG4sk3k1loVSkqkFtlBaU2BQOOaB6W7tMFLe0jdMEtcnIcezGUuy1vJsmPYBSmQpWaRSDhMQFCW5IXHqohHoocnFFgipBxB"
        "UhLCRQoIAiLNoIUMzMetZeb+we4cA86c/fP//P2z9/dtaKM/7qz193OwDgnAAAN5YuLH4egOughv1Y3uIAQCganoyCvfC1tl1UeNqNkJZY0hph"
        "dr4sDXzd0bB5Ky8Plq0mQqq2MKO25dsWarrLYjss492Yj9hCffx8SkvkYvNqaz7QUVNei82D9kBoIbOYysyiVCaptODzUr6g1LAdj+Ej67Bl8I"
        "TkqIxOvnJmLNpUf8m2HtR2UnHQLoQuK1pTnq35JMt6Oi3xwp55xpWMqrXlkyhf2UzL9/i6kXm+V+exOPy2efqbx5nz5Op5zKjqnnnu5XPbOExw"
        "LfKCBk9k5MxoODRirmWwpnr5Zl7T5mxcLwCwLNG4JayOUXsJ2710nYj+CNvPYj2HA25i3YnlLOUYoEJ4j4DHPzeTx1rX+yl6n0gkdGN8PBD6MP"
        "3OHzeGlVvP00eAq+8ej3FNONzck6CfLkHBX9NHqP2Bv7mW7TAO9R/gqutdfP+pknjQsANFcvlG3S9fGIvo90/rn8N1I42tl/EMR3QBrjuJHShe"
        "lKenSknxYIjy5X/xwZVwL9TDZSxbIX0Dq+2QHt5ZD/9NGODqa+WtHmMszN/zGYMt95uQL8jRMaj/FVlZlCL6o60rZIzu+u4oAKevP9TkcKAaWT"
        "18EycdWlF7Q/pOvszBlc7KCVHib8tV770QHhQj5VxR3ZWTYg//6Uh1Ha6o0sjwo9z9BwLpDzwk1PdxVEUWe4SL8iV5WkY4l0EzGVoPuMrfMbJ2"
        "uqaOkjo1Igr5qrAY1Hfgavc0iYjz1yC3US1XxElXABenVBFfdfnJBSHa8uIr4nqGIzTYV8RWsSROFEvGRUWUundJQuKlDXHgLul0/Yztn74h9/"
        "q4Wq1+i+UOlk0st7B8j+V3LNb6QVyiffp2vtwB87tutQvTB754cB6rqRLM/7hj2OJB4/2N78Cv4Sa0xhut22i7jFYyWq/R9hptH8zfdcPhLxc2"
        "4PWi5oOrXWuBr5vqRfjehtXP4PDmQmWqVCD5WAtGbFKTQ4BUAIDq4Sf2k7Zrf/2RxDt4OfjJ+txxfF3Ecpw8ZH30fTBg2XN0n3E9nTz3NHBw5D"
        "MqSF8BvwmN14HT2Dmu+qsYawfZuwU81scBBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgaGfwHSMke1z0e0f0/EsvFPROk/14U2/cUm21fPe1Oo9ZcF"
        "tsoMDAwMDAwMDAwMDAwM/2+Qv5bJ+cRJUDvjaD2iaJ4d7rWNMWzJ0XT+n4wjp0l3BwBA6Vh8DsVmVGV+QUsgLZVOAKSmMsl6MIpeTWdjmVOxuK"
        "bkroJ9TrDtBlgkyR8scL4CV+AkAPoEchaTB2/iIbOW+7+PJelsZEry7hca583J8fpDnPm9RS23Q6BxfLyb+gs2v/nNh5f6izZ/kPoPUL/xIweL"
        "v0D9/Sa/zW+W6zkS09G44Ys0/zINeImOv9mGP0z9QaG1f5T6N4XW8z9H/WWb30P9EzQfH81nmsZn29ST2LOWB4esh8e2Hh7LenRT26y/l9pmvQ"
        "9Q26xvvxnvatTPY6ufx1Y/j6V+YWqb9Rqltlmfc9Q26zFB+azzFy3zT9fmvGvO95rNJufij1q0D6Dz4VMAZZQM2QhaLJ0FSMkmcjEN29mcEk+o"
        "KkCXc8oidsdxd3wOoDEonw2PARSfUxQVxyWV+VnsjpHNNBebTwIUlU9EwsC2l9pvviEtnR3KaUtDydTS0GwudSWRG4w396YHye9V/gHpRNR1"
    ),
    "x86_64-macho-BAD": (
        "eNrtW29oU1cUvy//QZukIqObg0Wook7bdHWgINjoi9zMqJ2NWtH2GdPEBtqky3td62BQSTt8y+rCPgw/bANhA2Fj+GFjbGNbalyrCPvzZYOxP9"
        "lwGKeDzozW/THZue/d17y8pvpxsN0fnHffuefc3z3n3PteSHr7+Z+/lu0IcWaEkANkOYjXgtAEUvEgyGkOIUEI+btDaDE89XUrFQvtFgQpOipV"
        "3Yx8Q9SxbKrqFj2vBY3pVUEQpeHj4tJ8drVdodNNuvEO4CM52xbGD8SlaCo8INbny1K+lTrdgpaGIAwnRuKJPiGeiCXr8L1O+Xh3VTfdg4+sQ1"
        "Hh4X0hn7Bz396uUE393Yb1oLqZiol2CcKJpFQTZ32+Jt16mnX+tkV5RpIJUVqSz0P5Chqd5951I3meXeDRGbyGPL2147Q8uYU4joviojwX87kN"
        "HBq4OnFhhScY2Lvbzwe0texQm35LLa+mcwauzQiNuakf2dDtVB/zqjU30dpfAL0F2vPgkIN2GUgn5dhAhfA+aojbiGz74jUjWEXnCQb52QMH2v"
        "hzr57hX3p73+hjdAuoMZO3gVO5J+k4uAfQWlqzs161XU/18171/XE/HMDyz3jS+gbM35N3PaLobTlyO75g9x3sCspX98jT8uM9kB+eUYIpTkFt"
        "ArINz5iJ3pY74uvtySt86VsenPE3YdlfACny8mVoZnnZf2fG/zcZiyefLRQblVE4fcnTk4/VzHfId9AX6sKnbqGnTAjLf+HMPjf+ZPfh57Z89e"
        "ngZjxxRRoNZsw4/Qc3bGmbu/lEQL4SSP9YbpuLZbE8i+ev46lfGnD8InrxbgVPjlsLZ+5WSj6X23Kh5GqEC9zyFyxwD1ecnjYFtv42PD03xUmr"
        "Va8qSfxixytQ1GnwHX+X0GDIpcY0VXK5xycVU2anA/xQrEVLBuqZsW6ArTGRk+aCGdEdlOeLz5D8Zesq6N4zMSf5/W2V4OSa3x8i7h2Iz4hNvH"
        "wnXeBwZllpB0Tzvq+y8hIPA58k2yMjOko7IYmPA5UZDIyBrfOpqzdtpL9tjtB/CF6QRaMNn7pEynfEd9TX6xOUEvN0vaeum3puOGDVYtl0xTbS"
        "Id/Bkw29JK6I5RTmLlcKJVe3lQOHfMl12Eo2nLKwxW8IOZhuI7JdwJYDLZd3HcrllRuoRcNnis/Ry651U6TT+gHoN86Rrf9mpVL5DuQjkC9A3g"
        "H5CeQ2iFYynC5zI1bgsee1rdDVieUS/vJmQC4H5Hksf1/8GgZApf3XApPbXgus/yEol4t5pe+w/xpsKMcRNWW6nyH3Fv3+IjltVjJAqLLm+SZy"
        "fUG5nmmq84jAG2Ws472Z/u1IffS3k+3+MH0GN1KnjWjh84JrXGbhwpyZW41MHPnc5JEqCe0zhr4jliM7Wqd7rZP3SRbGz8IEWRMyFUyIgYGBgY"
        "GBgYGBgYGBgYGBgYGBgYGBgeE/A/cYR1v1TwCeMc3i9SjXRSPGlL9vuv/1NrtEf65G9yzE3WlX+4/Z2aozMDAwMDAwMDAwMDAw/L9Avh2Ts4BH"
        "Ue0ZagLtWLPxoKKiu0015//JuDKRdSBbEBIGw5F+IXxcTA4MS1FBig9GSd/AQDKCBDGeiCmDhNDJwaFwYlc4IiVTJ9EKM5p1IBC329tRMLmzXC"
        "c5X/ytjZyBtKCX4b5PF8dbIDFzNWLy+8VaW/XcOfma38xpv1eoMTaj6rnvBmrPGuzaLx7kvP9ae7VjFfXPGfw7qH8ztSv//KCzH6MhbqL2Y7b6"
        "8bTT+Rx0vm00n1maD0/HDxnGZ+n4oDa/vdaunR3fT+2d9vrzd2vxGexOau+l8XhpPFEtniXqS/Q+3YYi6+M0rI9Ttz4NVNfWg9Tfaai/U1f/Zq"
        "pr9d5Eda2+7XS8vp5OQz2dunoGNT57tV5OXb26NX57tR5OQz1cunpIag3KWv6nDXrWoJPz/BtpHvp7DxL2+3chIZFMwEMkSuHBISSkouG+k0hI"
        "DkVTYQm6h1LJSFQUkXAilRwBrwh0R/qR0IV9nf4uJET6k0kR/GLJgT4wh8nz2B8eiCEh5NsR9CPDo3j/57dVGhxqTUmjrbH4aGtfKv50NNUSqe"
        "0dbCH//oL+AaMVMhI="
    ),
    "arm64-elf-GOOD": (
        "eNrdV29sU1UUP+9P69tW8YE1DpD2FZZQJimVQGz0A2VsZDEl4FwiHwjr21Zo49pu7UMYw2xKQlA0WXESPsAyjYl00YQPGDEZMiAmGP2AUfZJzU"
        "gwLiEmQ8ayako997172XvPPQgJn7zJ+nv3d8+555x7zz27t78ptpXnOGBNgK9gvgcQpTjuMXMRqMLfJbAY3NgXTXJ2nOOsKFGeo3pObcMTVgTq"
        "Ffl1WcY5C47xYEGzHvF1uspgp6t4C0pUXnYvrDdXQ+OoESzImgRWPZ7qjVfT9avmLSjT9ZBt69Lyu9YpPoKfbK92UL1Bl9G34y6wIlv7V1HPDY"
        "+vPUV8W4Bf6cAT/5dgNrH985h4geKy+9INOrf/vc+/FU0xCHS9F5obWnvT3Wpmq9qhZXO9kFY7km1qez7btU9LtGmpdALyqcye+fUV6KRztA/V"
        "Vj5K/ZQceNmBr3XgFQc+6MCHHfiIAx914Jsd+B0O/E4HPu7AJx34bgf+gAM/4MAftfHNlB90kD/pwI/Y+AHKn3GQP2vjT1UZ/HkbP0L5qRqD50"
        "Ww1NVpE2/OXW658DI5o6RsfIp1WSM2EY8SG4iniC7iVcQ6noNpwiPW4eRXESOIhwQO4ogeEfURZcSjrN4wOwdbgDvk45Z7/DpXS3IO52Xnj3Br"
        "SX4ix2pTkNZ1L3IRQjQuUpo9K5QP+SFx2H1ainv8SvMi+Onn336FOhzuovobDNkwysrD/Glxl8cfRjmUwnzGvyFiC+WGqFzMsyJM5vzIfUIarj"
        "7t4TVUiJGJr08QJeIbif991GHxEHu/kLxA7py+sDsWyY3UYMzjlxsNg0QelwO8uFaDplhrkRtEjtUUr+4T5gM/vyas+RXh+vgzkjwutE1MCv56"
        "guW+b4oz27liWYDCHcE1OiOIo/0AJdyvoSAMtAzwUCKyScSZ7ZuL5b7LZ4he5Qr8WO7ji+XDUJgSXPWTqP+HH4pTNVC62S+swfI9RPTKfQ1FlC"
        "0Yti4UZ1/n0B6v2/NK0dIdAUYnBe+oD+UlElrZVWrl4dxdwT96AkObuFxfSPLRUpGPHteWRb/+7mBqDnr3jSncJozBW4/xDmlHosWBgxvHvnRD"
        "4SLP3Tp8r9KKtdWruaOlGzgPmf9FlMNYLsxsb0AfSBxX9DiITancVMJSfoz0uZuwzi9BzwcctPpl6PmBR/RAD8an91XEqdmTLdKfn+U4brUPpI"
        "CP6MV52OAXoSdO5FA/gHrlvot6nNvQNieHfRAM+Mp9l3S7fi/0jBAbtdBzCas9Jyv6eANJU/zm8FuJKvrcIJEx45uTV/qUCOUpB+jzZhHObVLg"
        "djvONYUx47nwBqffOl4VhUI9YuDd/i9eCcDtNW9DYZXo2U1s1Yne3QHxOfxe5duC3xCs033YrI+vpN/GOPm+Ua60bgLp1iTaqJKkY0GQvg80Rc"
        "ckF9wm4x9XKq3EH8PPtffXRq8buBaYt4OL/2oqye+sKyi8f4LkI/vTx2Zx7BNjTO//jf3LRh/+Z81HkV6z4J9KJWu+F7HroyRY71k7adGl1yy9"
        "/pFWovpLaf9ZinF6j2K1Omy6e5B2jdZzr80uu1tFqGKNzR6dFiZ5axyrKd69Z/hzkrfe287zj7ZOZ+n/I4YdXWpmr/JmIpdPZTPK+vWhF0IRiK"
        "UybyRyLymxWCOjINTZm8n3piG0N7MvlFTzSaC/hNdyEMolulTSoV/dXRqEEsm2PTk1nWhLdubmexDSEgdwVBfpVDWVaIRyWX0uNZ3qQCNZzRjG"
        "kVy2rVvt7Exl9kKoPZ+HUEc2nU5kcDCfRMua2v4Y8oeje8Lb9olh3HRf5kz5w/aP5M8s5gzTZ/vEUAHrPV2y2X+a5gBv21eGQZu+aMOltvsvyy"
        "OGqxe6E5tagM7F28+JYD0ndv9Z/M9T/QbbOWEYNtl9cgH9jXSM2Xd6t4Atbta22PSnXVZstAVsX/9tpjee9T1p9A/wD7b/2ry+Yj1n1ncwgPX+"
        "xdpO01vH+t6jdQUe7H+C+s7059+Z1velaNNnfmRs9lkdu1ZjzT8n+/spx/TnqD57L0vig/PvyH/0Bav+Q+wfo3OGbfycg/+cDYdMts1NoZe+4Y"
        "ecn38BzwLV5w=="
    ),
    "arm64-elf-BAD": (
        "eNrdWG9sFEUUf7t7d2zbpSxQI39Cb4smtkiOE0rSCAlLgaYxJa21if1A0l57B3fSu6PXQygFaYIhjYjhoGoToMInuAsmfEANpggoJhCJASsNHw"
        "RLgnqoyL+WcIHjfLM7Q3dXFkLCJyfp/XZ+837zZt68md3p5mU1VTzHASsCfAVjNQCV4sHxRq4C8vB3EkwEF9YdBjsr3uPMKFKeozq70jvOjEBH"
        "RX6dpnbOhAsFMKFRR8Z6Ll9nz+XzJpR1AK/z8bphSWeHJcGErMhg1vFUt69AZ/cV8CaUaTxkS1zqf4v7Hc8wTrZWdUxHeSuuADOy2L+JOhc8vz"
        "LBFIuxMtOGL7PhybwmYZaxdZUseUNw2iPrSo1b98Gh7500P5idYDNOnj00dIbX+CJVvtZ4NNYJYV9rsMnX0hFtWxsPNMVD4QBSbW3RVugIRVYa"
        "1kGgAbxI68MWfh8dd9qGv2nD37PhoeDxvGjDyzb8FBteseFLbXivDV9hw6s2fLUNX2fDN9rwzTZ80MIfpPwaG/v1Nny3hU9TvsfGfoeFD+brfJ"
        "+Fb6P8aUnneQeYzt9zBp438BcNvDHHuenCArLHyfFxCs/1OOkDsYdoEPeQHOA5OI1Yg3gTcaPAQSk6fR9xIWKFgwM/Yh9iH+IexEOc+ZzjNtQD"
        "t7GYmy65NW4KWUvsXzKch7PJuiPHzrZS+l4oR057PywtVKqlGcouvtfR79orBiW3Ul0Igz9fvgQvk9jQPst1Wy/ayv38XscKye1FO7QCra2XbG"
        "O083KanVonzVBJnx+7PhH3SP2Fe2VB5CS3Wkf6vjD0CxGS8Z2lMWDjIz6HyRiRO6IFt65QXkqd1khueanu1Ev2Hfo6i3bN2hlS6EWfpbrPfnFv"
        "vrNawsl4dYeXL7mqNX8ktvdQ4zDEqA65ND8WN1LcinDhxFRRPiE0DQ0L7lkEs13fJEdquWRWgAT63nFHcKZGBEeKuyId3QyQ+RLDUArd9d08ZI"
        "gmiDhSuziZ7fr2INHnvoPz2S4+md0CibTgnDWM/fzhhmS6ADJXNwtleGb2El22qzKJtgnd50DyAbbffZtH34LmO/eZej4nOM6Hyrb9JIpq5o4A"
        "qTPygdtnvr54O7n999siD0dW82rmuvujnX8K7tTfqPk8d/z2P4KYqt10ZnfzMnXgRyfcesMJiRvZ5YM3No3f3R2aM/DhREhwuVxDHtrk9+yqL8"
        "O20v35u6+hXukMDgRdagY3xjESm2CJLOdlf+25lsuVx/NVnG9RqgTHT+ICa12ZBhzDKPr+BLfhUKUnEcTxJHl1Z3yaevTMhtA96Fw7oHCLMLZF"
        "s15AXXyrmuzeMH/gCxckjvPcX1se5hpwTxXF0ecV7If0X4F2GNtjOP8Ezj8xUrsEY6NibCoxxqe0GMPIe4ONqOOuwhy3CO3bOWhwy9B+lkeUoB"
        "1jrtV9iOm7ffXi9QMxjnulGMSSYqJv5qHc7YD2ZmKH+hLUZbuOa3GvQv+c7C2G0pLibNdJzZ+7CNr3ER9ToP0k2QKyorUvIGPAZw6fFVXR+gaR"
        "tOnPnDyzWKmgPOUWOeBWEPvA7D9G6ukJMx5k70NydALJI8yblyAx78HiwVGBw7yD1BVhcupOLvdpd/7kbfv5yT+I6OcG1iFPKR6prUSdmsneV5"
        "PpcUsekP50v7MfzZXl+k2c3w5cp4ktVRmZn5dQePcQWWP2p7WtxLaZeptWfwfrlYZ6BOsteh3+Z6WYIv0chPu5XNT43cc+j72C+Tuykb4s8mh9"
        "CsUM1U+l9Rcp9jjN30XVj+4DejlM3zdFFr/s27GCCgss/pxg7ojNw0Nx9KE+nsO8+bv0HP9sceqm71Ertrb5IquUdwOxjlA0osyd63nNUwE1oc"
        "jqQOx1paZmKaPA4++MdHSGwbMqstYT9HUEgf4SPh4DTyzQ5iMV+rSmLQ6eQLBpZcwXDjQF/bGxGnjigfXYqpn4fXEfUXhiUa0vXzjUik6icb0Z"
        "W2LRpjU+vz8UWQWelo4O8LRGw+FABBs7gug57mt5DnnE0bXhLevFcL3hXsAZ8oitI8mju5g7TM/Wi6EC5vuIaPE/meYCb1lfhl6L3mHBqTSFeE"
        "s+MfQ8Zr7GUkL74i37hSHbL9bxs/m/SvWVlv3CsNrgd/xj9PNp26P529zPwDJvVpZY9F6XGf2WCVvjv9xwlzXfm/X6Vf7J/t8a0yvmfUbvnxZ7"
        "652ukerZso3da2kdnjz+AB0704/dp833aIdFz8YRsfhn59lhyZx/dv7XUY7ph6me/V9AEZ6cf1v/oxdMevkp/rfRPq3jZPpSm/xn2GtzFxbp/3"
        "X6n7J//gVaokD7"
    ),
}
